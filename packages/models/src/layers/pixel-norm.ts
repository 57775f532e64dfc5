import { tf, type Tensor } from '@onestep/tensor';

/** Keeps the gradient at a zero vector finite. */
const epsilon = 1e-4;

/**
 * Divides every vector by its root mean square: x / sqrt(mean(x^2) + 1e-8), over the last axis.
 *
 * @remarks Where the paper adds the 1e-4 outside the root, the gradient is not finite at 0.
 */
export function pixelNorm(x: Tensor): Tensor {
  return tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon ** 2)));
}
