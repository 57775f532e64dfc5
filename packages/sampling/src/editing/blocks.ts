import { tf, type Tensor } from '@onestep/tensor';

/** Pixels that do not fill a block at the right and lower edge make a smaller one: `ceil(length / factor)` blocks. */
export function blocksAlong(length: number, factor: number): number {
  return Math.ceil(length / factor);
}

/**
 * Mean of each block of factor x factor pixels; blocks cut by an edge average the pixels they have.
 *
 * @param x - `[B, H, W, C]`
 * @returns `[B, ceil(H / factor), ceil(W / factor), C]`
 */
export function averageBlocks(x: Tensor, factor: number): Tensor {
  return tf.tidy(() => {
    const [count, height, width, channels] = x.shape;
    const [rows, columns] = [blocksAlong(height, factor), blocksAlong(width, factor)];
    const edges: [number, number][] = [
      [0, 0],
      [0, rows * factor - height],
      [0, columns * factor - width],
      [0, 0],
    ];
    const padded = tf.pad(x, edges);
    const overRows = tf.sum(tf.reshape(padded, [count * rows, factor, columns * factor * channels]), 1);
    const overBoth = tf.sum(tf.reshape(overRows, [count * rows * columns, factor, channels]), 1);
    const pixels = (length: number, blocks: number): number[] =>
      Array.from({ length: blocks }, (_, i) => Math.min(factor, length - i * factor));
    const area = pixels(height, rows).flatMap((tall) => pixels(width, columns).map((wide) => tall * wide));
    return tf.div(tf.reshape(overBoth, [count, rows, columns, channels]), tf.tensor(area, [1, rows, columns, 1]));
  });
}

/**
 * Repeats every pixel over a block of factor x factor; blocks are cut at the right and lower edge.
 *
 * @param x - `[B, ceil(H / factor), ceil(W / factor), C]`
 * @param size - `[H, W]`
 * @returns `[B, H, W, C]`
 */
export function repeatBlocks(x: Tensor, factor: number, [height, width]: readonly [number, number]): Tensor {
  return tf.tidy(() => {
    const [count, rows, columns, channels] = x.shape;
    const wide = tf.tile(tf.reshape(x, [count * rows * columns, 1, channels]), [1, factor, 1]);
    const tall = tf.tile(tf.reshape(wide, [count * rows, 1, columns * factor * channels]), [1, factor, 1]);
    const whole = tf.reshape(tall, [count, rows * factor, columns * factor, channels]);
    return tf.slice(whole, [0, 0, 0, 0], [count, height, width, channels]);
  });
}
