import { tf, type Tensor } from '@onestep/tensor';

/** x sigmoid(x), elementwise; composed, since fused activations have no second derivative. */
export function silu(x: Tensor): Tensor {
  return tf.mul(x, tf.sigmoid(x));
}
