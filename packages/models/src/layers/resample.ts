import { tf, type Tensor } from '@onestep/tensor';

/**
 * Nearest-neighbour upsampling by 2: `[B, H, W, C]` to `[B, 2H, 2W, C]`.
 * Columns are repeated, then rows, each as a tile of the last axis of a matrix: `tile` has no gradient above rank 4.
 */
export function upsampleNearest(x: Tensor): Tensor {
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const wide = tf.tile(tf.reshape(x, [-1, channels]), [1, 2]);
  const tall = tf.tile(tf.reshape(wide, [-1, 2 * width * channels]), [1, 2]);
  return tf.reshape(tall, [-1, 2 * height, 2 * width, channels]);
}

/** Mean over 2 x 2 squares: `[B, H, W, C]` with even sides to `[B, H/2, W/2, C]`. */
export function averagePool(x: Tensor): Tensor {
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const rows = tf.mean(tf.reshape(x, [-1, 2, width * channels]), 1);
  const squares = tf.mean(tf.reshape(rows, [-1, 2, channels]), 1);
  return tf.reshape(squares, [-1, height / 2, width / 2, channels]);
}
