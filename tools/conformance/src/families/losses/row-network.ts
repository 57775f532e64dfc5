import { perImage, type Network } from '@onestep/core';
import { tf, type Params, type Tensor2D } from '@onestep/tensor';
import type { Entry } from '../../golden-json';

/** Names of the weights, as the files and their gradients have them. */
export const rowNetworkParams = ['W1', 'W2', 'b1', 'b2', 'u'] as const;

/** The network of the loss files over rows: F(x, c) = W2 silu(W1 x + u (timeScale c) + b1) + b2. */
export function rowNetwork(timeScale: number): Pick<Network, 'apply'> {
  return {
    apply(params, x, { cNoise }) {
      const time = tf.mul(tf.mul(perImage(cNoise, x), timeScale), params.u);
      const inner = tf.add(tf.add(tf.matMul(x as Tensor2D, params.W1 as Tensor2D, false, true), time), params.b1);
      const hidden = tf.mul(inner, tf.sigmoid(inner));
      return tf.add(tf.matMul(hidden as Tensor2D, params.W2 as Tensor2D, false, true), params.b2);
    },
  };
}

/** Uploads the weights of one network; the caller disposes them. */
export function uploadRowParams(net: Entry): Params {
  const params: Record<string, Params[string]> = {};
  for (const name of rowNetworkParams) {
    const { shape, data } = net.tensor(name);
    params[name] = tf.tensor([...data], [...shape], 'float32');
  }
  return params;
}
