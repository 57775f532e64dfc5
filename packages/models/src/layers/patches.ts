import { tf, type Tensor } from '@onestep/tensor';

/**
 * Space to depth: every `size` x `size` square becomes one position, `[B, H, W, C]` to
 * `[B, H/size, W/size, size^2 C]` with channels ordered (row, column, channel).
 */
export function toPatches(x: Tensor, size: number): Tensor {
  if (size === 1) return x;
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const strips = tf.reshape(x, [-1, size, width / size, size * channels]);
  return tf.reshape(tf.transpose(strips, [0, 2, 1, 3]), [-1, height / size, width / size, size * size * channels]);
}

/** Depth to space, the inverse of {@link toPatches}. */
export function fromPatches(x: Tensor, size: number): Tensor {
  if (size === 1) return x;
  const [, height, width, depth] = x.shape as [number, number, number, number];
  const channels = depth / (size * size);
  const strips = tf.reshape(x, [-1, width, size, size * channels]);
  return tf.reshape(tf.transpose(strips, [0, 2, 1, 3]), [-1, height * size, width * size, channels]);
}
