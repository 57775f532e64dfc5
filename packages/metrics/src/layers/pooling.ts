import { tf, vjp, type Tensor, type Tensor4D } from '@onestep/tensor';

/** Below every activation, and finite: infinity minus infinity is not a number. */
const lowest = -3e38;

/** A window that slides over height and width. */
export interface PoolWindow {
  readonly size: 2 | 3;
  readonly stride: 1 | 2;
  /** Pixels around the image that never win; default 0. */
  readonly margin?: 0 | 1 | undefined;
  /** Counts windows that hang over the far edges as well; default false. */
  readonly ceil?: boolean | undefined;
}

/** Windows that fit along an axis. */
export function pooledExtent(extent: number, { size, stride, margin = 0, ceil = false }: PoolWindow): number {
  const steps = (extent + 2 * margin - size) / stride;
  return (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
}

/**
 * Largest value in each window, `[B, H, W, C] -> [B, H', W', C]`.
 *
 * @remarks The value comes from the backend's own pooling. The gradient does not: the kernel for it is wrong on wasm
 * and cannot be compiled, so it is that of maxima over shifted slices. Of equal values the first gets all of it.
 * There is no second derivative.
 */
export function maxPool(x: Tensor4D, window: PoolWindow): Tensor4D {
  const pool = tf.customGrad((...args: unknown[]) => {
    const [input, save] = args as [Tensor4D, (tensors: Tensor[]) => void];
    save([input]);
    return {
      value: tf.maxPool(padded(input, window), window.size, window.stride, 'valid'),
      gradFunc: (dy: Tensor, saved: Tensor[]) => vjp(([at]) => slidingMax(at as Tensor4D, window), saved, dy),
    };
  });
  return pool(x);
}

/** The same from differentiable pieces. */
export function slidingMax(x: Tensor4D, window: PoolWindow): Tensor4D {
  const wide = padded(x, window);
  const rows = alongAxis(wide, 1, window);
  return alongAxis(rows, 2, window);
}

/** Mean of each window of 3 x 3 at stride 1, of the pixels inside the image only; the size stays. */
export function averagePoolInside(x: Tensor4D): Tensor4D {
  const [, height, width] = x.shape;
  const sums = shiftedSum(shiftedSum(x, 1), 2);
  const inside = (extent: number, i: number): number => Math.min(i + 1, extent - 1) - Math.max(i - 1, 0) + 1;
  const counts = Float32Array.from({ length: height * width }, (_, i) => {
    return 1 / (inside(height, Math.floor(i / width)) * inside(width, i % width));
  });
  return tf.mul(sums, tf.tensor4d(counts, [1, height, width, 1]));
}

/** Mean of each block of 2 x 2; an odd row or column at the far edge is left out. */
export function averagePoolBlocks(x: Tensor4D): Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const [h, w] = [Math.floor(height / 2), Math.floor(width / 2)];
  const even = tf.slice(x, [0, 0, 0, 0], [batch, 2 * h, 2 * w, channels]);
  const rows = tf.mean(tf.reshape(even, [batch * h, 2, w, 2 * channels]), 1);
  return tf.mean(tf.reshape(rows, [batch, h, w, 2, channels]), 3);
}

/** Adds what the windows need: the margin, and at the far edges what the last window hangs over. */
function padded(x: Tensor4D, window: PoolWindow): Tensor4D {
  const { size, stride, margin = 0 } = window;
  const [, height, width] = x.shape;
  const far = (extent: number): number =>
    Math.max(0, (pooledExtent(extent, window) - 1) * stride + size - extent - margin);
  const sides: [number, number][] = [[0, 0], [margin, far(height)], [margin, far(width)], [0, 0]]; // prettier-ignore
  return sides.flat().every((count) => count === 0) ? x : tf.pad(x, sides, lowest);
}

function alongAxis(x: Tensor4D, axis: 1 | 2, { size, stride }: PoolWindow): Tensor4D {
  const count = Math.floor((x.shape[axis] - size) / stride) + 1;
  const parts = Array.from({ length: size }, (_, offset) => everyOther(x, axis, offset, count, stride));
  return parts.reduce((a, b) => tf.maximum(a, b));
}

/** `count` slices along the axis from `offset` on, `stride` apart. */
function everyOther(x: Tensor4D, axis: 1 | 2, offset: number, count: number, stride: 1 | 2): Tensor4D {
  const begin = [0, 0, 0, 0];
  const size = [...x.shape];
  begin[axis] = offset;
  size[axis] = stride * (count - 1) + 1;
  const run = tf.slice(x, begin, size);
  if (stride === 1) return run;
  // To a whole number of pairs, of which the first is kept: the strided slice of TensorFlow.js has no gradient.
  const sides: [number, number][] = [[0, 0], [0, 0], [0, 0], [0, 0]]; // prettier-ignore
  sides[axis] = [0, 1];
  const even = tf.pad(run, sides);
  const [batch, height, width, channels] = even.shape;
  if (axis === 1) {
    const pairs = tf.reshape(even, [batch * count, 2, width * channels]);
    return tf.reshape(tf.slice(pairs, [0, 0, 0], [-1, 1, -1]), [batch, count, width, channels]);
  }
  const pairs = tf.reshape(even, [batch * height, count, 2, channels]);
  return tf.reshape(tf.slice(pairs, [0, 0, 0, 0], [-1, -1, 1, -1]), [batch, height, count, channels]);
}

/** Sum of each value and its two neighbours along the axis, zeros beyond the edges. */
function shiftedSum(x: Tensor4D, axis: 1 | 2): Tensor4D {
  const sides: [number, number][] = [[0, 0], [0, 0], [0, 0], [0, 0]]; // prettier-ignore
  sides[axis] = [1, 1];
  const wide = tf.pad(x, sides);
  const shifted = [0, 1, 2].map((offset) => {
    const begin = [0, 0, 0, 0];
    begin[axis] = offset;
    return tf.slice(wide, begin, [...x.shape]);
  });
  return tf.add(tf.add(shifted[0], shifted[1]), shifted[2]);
}
