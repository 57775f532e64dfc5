import { tf, type Params, type Tensor } from '@onestep/tensor';
import type { Conditioning } from '../../src';
import type { GoldenTensor } from './golden';

/** The network of the golden losses: F(x, c) = W2 silu(W1 x + u (timeScale c) + b1) + b2 on rows. */
export interface GoldenMlp extends Record<'W1' | 'u' | 'b1' | 'W2' | 'b2', GoldenTensor> {
  readonly time_scale: number;
}

/** A network for `preconditioned`, its weights as params; the caller disposes them. */
export function goldenMlp(weights: GoldenMlp) {
  const params: Params = Object.fromEntries(
    (['W1', 'u', 'b1', 'W2', 'b2'] as const).map((name) => [name, tf.tensor(weights[name].data, weights[name].shape)]),
  );
  const apply = ({ W1, u, b1, W2, b2 }: Params, x: Tensor, { cNoise }: Conditioning): Tensor => {
    const time = tf.mul(tf.reshape(tf.mul(cNoise, weights.time_scale), [-1, 1]), u);
    const hidden = tf.add(tf.add(tf.matMul(x, tf.transpose(W1)), time), b1);
    return tf.add(tf.matMul(tf.mul(hidden, tf.sigmoid(hidden)), tf.transpose(W2)), b2);
  };
  return { params, network: { apply } };
}
