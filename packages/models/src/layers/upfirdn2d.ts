import { tf, type Tensor, type Tensor4D } from '@onestep/tensor';

/** How {@link upfirdn2d} moves over the grid. */
export interface UpfirdnOptions {
  /** Positions per input position, the new ones zero; from 1; default 1. */
  readonly up?: number | undefined;
  /** Every how many results are kept; from 1; default 1. */
  readonly down?: number | undefined;
  /** Zeros around the enlarged image, negative numbers cut off; one number for all sides; default 0. */
  readonly padding?: number | UpfirdnPadding | undefined;
  /** Factor of the result: `up` ** 2 keeps the brightness of an image that is enlarged; default 1. */
  readonly gain?: number | undefined;
  /** Correlates with the taps as they stand, instead of convolving with them; default false. */
  readonly flip?: boolean | undefined;
}

/** Zeros on each side of an image. */
export interface UpfirdnPadding {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/**
 * Upsamples with zeros, pads, filters, and keeps every `down`-th row and column: the one operation under the resampling
 * layers of EDM and StyleGAN. Along each axis, with taps h that are normalised to sum 1 (the filter is h outer h):
 *
 *     y[i] = sum over k of h[n - 1 - k] z[down i + k],   z[j] = x[(j - before) / up] where that is whole, else 0
 *
 * {@link filterUp} and {@link filterDown} are the two cases that the networks here use, written for speed. Slices and
 * sums only: it compiles, and has gradients of every order.
 *
 * @param x - `[B, H, W, C]`
 * @param taps - of both axes, at least one, their sum not 0
 * @returns `[B, ceil((H up + top + bottom - n + 1) / down), ..., C]` for n taps
 * @throws RangeError for other ranks, factors that are no positive integers, paddings that are no integers, or if nothing is left
 * @see NVlabs/stylegan3 `torch_utils/ops/upfirdn2d.py`
 */
export function upfirdn2d(x: Tensor, taps: readonly number[], options: UpfirdnOptions = {}): Tensor4D {
  const { up = 1, down = 1, padding = 0, gain = 1, flip = false } = options;
  const { top, bottom, left, right } =
    typeof padding === 'number' ? { top: padding, bottom: padding, left: padding, right: padding } : padding;
  const sum = taps.reduce((total, tap) => total + tap, 0);
  if (x.rank !== 4) throw new RangeError(`upfirdn2d: x must be [B, H, W, C], got [${x.shape.join(', ')}].`);
  if (!Number.isFinite(sum) || sum === 0) {
    throw new RangeError(`upfirdn2d: taps must be numbers with a sum that is not 0, got [${taps.join(', ')}].`);
  }
  for (const [name, value, least] of [
    ['up', up, 1],
    ['down', down, 1],
    ...[top, bottom, left, right].map((side) => ['padding', side, -Infinity] as const),
  ] as const) {
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(`upfirdn2d: ${name} must be an integer${least === 1 ? ' from 1' : ''}, got ${value}.`);
    }
  }
  const normalised = taps.map((tap) => tap / sum);
  const ordered = flip ? normalised : normalised.toReversed();
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  return tf.tidy(() => {
    const columns = alongAxis(tf.reshape(x, [batch * height, width, channels]), {
      ...{ up, down, before: left, after: right },
      taps: ordered.map((tap) => tap * gain),
    });
    const newWidth = columns.shape[1] ?? 0;
    const rows = alongAxis(tf.reshape(columns, [batch, height, newWidth * channels]), {
      ...{ up, down, before: top, after: bottom },
      taps: ordered,
    });
    const result: Tensor4D = tf.reshape(rows, [batch, -1, newWidth, channels]);
    return result;
  });
}

interface AxisFilter {
  readonly up: number;
  readonly down: number;
  readonly before: number;
  readonly after: number;
  /** In the order of a correlation. */
  readonly taps: readonly number[];
}

/** Filters the middle axis of `[outer, n, inner]`. */
function alongAxis(x: Tensor, { up, down, before, after, taps }: AxisFilter): Tensor {
  const [outer, length, inner] = x.shape as [number, number, number];
  const spreadLength = length * up;
  const padded = spreadLength + before + after;
  const count = Math.ceil((padded - taps.length + 1) / down);
  if (count < 1 || Math.max(-before, -after) >= spreadLength) {
    const sides = `${before} and ${after}`;
    throw new RangeError(
      `upfirdn2d: ${taps.length} taps do not fit into ${spreadLength} positions padded by ${sides}.`,
    );
  }
  const spread = tf.reshape(padAxis(tf.reshape(x, [-1, 1, inner]), 0, up - 1), [outer, spreadLength, inner]);
  // Groups of `down` positions, up to the last tap of the last result: tap k of result i is number k mod down of its group.
  const groups = count + Math.floor((taps.length - 1) / down);
  const cut = padAxis(spread, before, groups * down - spreadLength - before);
  const grouped = tf.reshape(cut, [outer, groups, down * inner]);
  return taps
    .map((tap, k) => {
      const start = [0, Math.floor(k / down), (k % down) * inner];
      return tf.mul(tf.slice(grouped, start, [outer, count, inner]), tap);
    })
    .reduce((total, part) => tf.add(total, part));
}

/** Adds zeros before and after the middle axis; negative numbers cut off. */
function padAxis(x: Tensor, before: number, after: number): Tensor {
  const [outer, length, inner] = x.shape as [number, number, number];
  const [from, to] = [Math.max(0, -before), length - Math.max(0, -after)];
  const kept = from === 0 && to === length ? x : tf.slice(x, [0, from, 0], [outer, to - from, inner]);
  if (Math.max(before, after) <= 0) return kept;
  return tf.pad(kept, [
    [0, 0],
    [Math.max(0, before), Math.max(0, after)],
    [0, 0],
  ]);
}
