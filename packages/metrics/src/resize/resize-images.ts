import { tf, type Tensor, type Tensor4D } from '@onestep/tensor';
import { resizeMatrix, type ResizeRule } from './resize-matrix';

/**
 * Resizes images: one product with a constant matrix per axis, whatever the rule. Differentiable, and the same numbers on
 * every backend and compiled, which no backend's own resize kernels promise.
 *
 * @param images - `[B, H, W, C]`
 * @param size - height and width of the result, integers >= 1
 * @param rule - see {@link resizeMatrix}
 * @returns `[B, height, width, C]`, the caller's to dispose; not clipped (bicubic filters overshoot)
 * @throws {@link RangeError} if `images` is not of rank 4, or as {@link resizeMatrix}
 */
export function resizeImages(images: Tensor, size: readonly [number, number], rule: ResizeRule): Tensor4D {
  if (images.rank !== 4) {
    throw new RangeError(`resizeImages: images must be [B, H, W, C], got [${images.shape.join(', ')}].`);
  }
  const [height, width] = size;
  return tf.tidy(() => {
    const [batch, fromHeight, fromWidth, channels] = images.shape;
    // W last, then H last: each axis is the inner one of a matrix product once.
    let rows = tf.transpose(images as Tensor4D, [0, 1, 3, 2]);
    rows = along(rows, fromWidth, width, rule);
    let columns = tf.transpose(rows, [0, 3, 2, 1]);
    columns = along(columns, fromHeight, height, rule);
    return tf.reshape(tf.transpose(columns, [0, 3, 1, 2]), [batch, height, width, channels]);
  });
}

/** Resizes the last axis. */
function along(x: Tensor4D, from: number, to: number, rule: ResizeRule): Tensor4D {
  const matrix = resizeMatrix(from, to, rule);
  if (from === to) return x;
  const [a, b, c] = x.shape;
  const weights = tf.tensor2d(Float32Array.from(matrix), [to, from]);
  return tf.reshape(tf.matMul(tf.reshape(x, [a * b * c, from]), weights, false, true), [a, b, c, to]);
}
