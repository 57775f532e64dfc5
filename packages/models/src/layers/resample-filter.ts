import { tf, type Tensor } from '@onestep/tensor';
import { averagePool, upsampleNearest } from './resample';
import { upfirdn2d } from './upfirdn2d';

/**
 * Taps of a separable filter that halves and doubles grids: `[1, 1]` is the 2 x 2 mean and nearest-neighbour repetition,
 * `[1, 3, 3, 1]` the smoother one of NCSN++ (zeros outside the image). Any other even number of taps will do, more slowly.
 */
export type ResampleFilter = readonly number[];

/** The filters of published networks. */
export const resampleFilters: readonly ResampleFilter[] = [
  [1, 1],
  [1, 3, 3, 1],
];

/** Positions that a filter reaches beyond the image on each side: (taps - 1) / 2 rounded down. */
export function filterMargin(filter: ResampleFilter): number {
  return filter.length / 2 - 1;
}

/** The filter as a channels-first file stores it: the outer product with itself, normalised to sum 1. */
export function filterKernel(filter: ResampleFilter): {
  readonly shape: readonly number[];
  readonly data: Float32Array;
} {
  const total = filter.reduce((sum, tap) => sum + tap, 0);
  const data = Float32Array.from(filter.flatMap((row) => filter.map((column) => (row * column) / total ** 2)));
  return { shape: [1, 1, filter.length, filter.length], data };
}

/**
 * Filters and halves the grid: y[i] = sum over k of h[k] x[2i + k - margin] along rows and columns, h summing to 1.
 * Written with slices and sums, since depthwise convolutions lack second-order gradients.
 *
 * @param x - `[B, H, W, C]` with even H and W
 * @returns `[B, H/2, W/2, C]`
 * @see NVlabs/edm `training/networks.py`, Conv2d
 */
export function filterDown(x: Tensor, filter: ResampleFilter): Tensor {
  return filterDownWithin(zeroPad(x, filterMargin(filter)), filter);
}

/** {@link filterDown} of an image that brings its own margin: `[B, H + 2 margin, W + 2 margin, C]` to `[B, H/2, W/2, C]`. */
export function filterDownWithin(x: Tensor, filter: ResampleFilter): Tensor {
  if (isFilter(filter, [1, 1])) return averagePool(x);
  if (!isFilter(filter, [1, 3, 3, 1])) return upfirdn2d(x, filter, { down: 2, flip: true });
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const rows = halve(tf.reshape(x, [-1, height / 2, 2 * width * channels]));
  const both = halve(tf.reshape(rows, [-1, width / 2, 2 * channels]));
  return tf.reshape(tf.mul(both, 1 / 64), [-1, height / 2 - 1, width / 2 - 1, channels]);
}

/**
 * Doubles the grid, the transpose of {@link filterDown} times 4, so that a constant image keeps its value inside.
 *
 * @param x - `[B, H, W, C]`
 * @returns `[B, 2H, 2W, C]`
 */
export function filterUp(x: Tensor, filter: ResampleFilter): Tensor {
  if (isFilter(filter, [1, 1])) return upsampleNearest(x);
  if (!isFilter(filter, [1, 3, 3, 1])) {
    // In the image with a zero after every row and column, result i sees the taps up to i + margin.
    const [before, after] = [filter.length - 1 - filterMargin(filter), filter.length - 2 - filterMargin(filter)];
    return upfirdn2d(x, filter, {
      ...{ up: 2, gain: 4 },
      padding: { top: before, bottom: after, left: before, right: after },
    });
  }
  const [, height, width, channels] = x.shape as [number, number, number, number];
  // The factor goes to the small image.
  const wide = double(tf.reshape(tf.mul(x, 1 / 16), [-1, width, channels]));
  const both = double(tf.reshape(wide, [-1, height, 2 * width * channels]));
  return tf.reshape(both, [-1, 2 * height, 2 * width, channels]);
}

/** Adds `margin` rows and columns of zeros on every side. */
export function zeroPad(x: Tensor, margin: number): Tensor {
  if (margin === 0) return x;
  const side: [number, number] = [margin, margin];
  return tf.pad(x, [[0, 0], side, side, [0, 0]]);
}

function isFilter(filter: ResampleFilter, taps: ResampleFilter): boolean {
  return filter.join() === taps.join();
}

/** 1, 3, 3, 1 over neighbouring pairs: `[outer, n + 1, 2 inner]` to `[outer, n, inner]`. */
function halve(pairs: Tensor): Tensor {
  const [outer, length, twice] = pairs.shape as [number, number, number];
  const part = (position: number, half: number): Tensor =>
    tf.slice(pairs, [0, position, (half * twice) / 2], [outer, length - 1, twice / 2]);
  return tf.add(tf.add(part(0, 0), part(1, 1)), tf.mul(tf.add(part(0, 1), part(1, 0)), 3));
}

/** Weights 1, 3 for even and 3, 1 for odd results: `[outer, n, inner]` to `[outer, n, 2 inner]`, pairs side by side. */
function double(x: Tensor): Tensor {
  const [outer, length, inner] = x.shape as [number, number, number];
  const padded = tf.pad(x, [
    [0, 0],
    [1, 1],
    [0, 0],
  ]);
  const neighbour = (start: number): Tensor => tf.slice(padded, [0, start, 0], [outer, length, inner]);
  const own = tf.mul(x, 3);
  return tf.concat([tf.add(own, neighbour(0)), tf.add(own, neighbour(2))], 2);
}
