import { tf, type Tensor, type Tensor1D } from '@onestep/tensor';

/** Reshapes one scalar per image, `[B]`, to `[B, 1, ..., 1]` so that it multiplies `x` image by image. */
export function perImage(scalars: Tensor1D, x: Tensor): Tensor {
  return tf.reshape(scalars, [-1, ...new Array<number>(x.rank - 1).fill(1)]);
}
