import { tf, type Tensor } from '@onestep/tensor';

/** Squared Euclidean norm of each image, `[B, 1, ..., 1]`. */
export function squaredImageNorm(x: Tensor): Tensor {
  return tf.sum(tf.square(x), x.shape.map((_, axis) => axis).slice(1), true);
}

/** Euclidean norm of each image, `[B, 1, ..., 1]`; not for differentiation: its gradient is infinite at 0. */
export function imageNorm(x: Tensor): Tensor {
  return tf.sqrt(squaredImageNorm(x));
}
