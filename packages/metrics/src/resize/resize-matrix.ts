/** Rules for resizing one axis; see {@link resizeMatrix}. */
export const resizeRules = [
  'tf1-bilinear',
  'tf1-bilinear-align-corners',
  'bilinear',
  'bilinear-align-corners',
  'bilinear-antialias',
  'bicubic',
  'bicubic-antialias',
  'nearest',
  'area',
] as const;

/** Name of such a rule. */
export type ResizeRule = (typeof resizeRules)[number];

/**
 * Weights of the pixels that make each pixel of a resized axis: a matrix `[to, from]` whose rows sum to 1.
 *
 * - `tf1-bilinear`: source coordinate i from / to, as TensorFlow 1 resizes by default (no half-pixel centres)
 * - `bilinear`: source coordinate (i + 1/2) from / to - 1/2, two neighbours, as PyTorch's `interpolate`
 * - `bilinear-align-corners`, `tf1-bilinear-align-corners`: the corner pixels stay where they are
 * - `bilinear-antialias`, `bicubic-antialias`: the filter is widened when shrinking, as Pillow does (cubic with a = -1/2)
 * - `bicubic`: four neighbours, cubic with a = -3/4, as PyTorch's `interpolate`
 * - `nearest`: pixel floor(i from / to); `area`: mean of the pixels that the target pixel touches
 *
 * The ratio from / to, and with the rules of TensorFlow 1 and the antialiased ones each position, is rounded to float32, as
 * PyTorch and TensorFlow do (Pillow does not): 300 pixels from the edge that moves a sample by 1e-5 pixels.
 *
 * @param from - pixels of the source, integer >= 1
 * @param to - pixels of the result, integer >= 1
 * @returns row-major weights
 * @throws {@link RangeError} if an extent is not an integer >= 1 or the rule is unknown
 */
export function resizeMatrix(from: number, to: number, rule: ResizeRule): Float64Array {
  for (const extent of [from, to]) {
    if (!Number.isInteger(extent) || extent < 1) {
      throw new RangeError(`resizeMatrix: extents must be integers >= 1, got ${from} to ${to}.`);
    }
  }
  if (!resizeRules.includes(rule)) {
    throw new RangeError(`resizeMatrix: there is no rule "${rule}", only ${resizeRules.join(', ')}.`);
  }
  const weights = new Float64Array(to * from);
  const add = (i: number, source: number, weight: number): void => {
    weights[i * from + Math.min(from - 1, Math.max(0, source))] += weight;
  };
  for (let i = 0; i < to; i += 1) for (const [source, weight] of taps(i, from, to, rule)) add(i, source, weight);
  return weights;
}

/** Source pixels of pixel `i` with their weights; pixels outside stand for the one at the edge. */
function taps(i: number, from: number, to: number, rule: ResizeRule): readonly (readonly [number, number])[] {
  const scale = Math.fround(from / to);
  const centre = (i + 0.5) * scale;
  switch (rule) {
    case 'tf1-bilinear':
      return between(Math.fround(i * scale));
    case 'tf1-bilinear-align-corners':
      return between(Math.fround(i * cornerScale(from, to)));
    case 'bilinear':
      return between(Math.max(0, centre - 0.5));
    case 'bilinear-align-corners':
      return between(i * cornerScale(from, to));
    case 'bilinear-antialias':
      return filtered(Math.fround(centre), scale, from, 1, (x) => Math.max(0, 1 - Math.abs(x)));
    case 'bicubic-antialias':
      return filtered(Math.fround(centre), scale, from, 2, (x) => cubic(x, -0.5));
    case 'bicubic': {
      const position = centre - 0.5;
      const first = Math.floor(position);
      return [-1, 0, 1, 2].map((step) => [first + step, cubic(position - first - step, -0.75)]);
    }
    case 'nearest':
      return [[Math.floor(Math.fround(i * scale)), 1]];
    case 'area': {
      // Products first: i (from / to) can round to just above a whole number, and touch one pixel too many.
      const [start, end] = [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
      return Array.from({ length: end - start }, (_, k) => [start + k, 1 / (end - start)]);
    }
  }
}

function cornerScale(from: number, to: number): number {
  return Math.fround((from - 1) / Math.max(1, to - 1));
}

function between(position: number): readonly (readonly [number, number])[] {
  const lower = Math.floor(position);
  return [
    [lower, 1 - (position - lower)],
    [lower + 1, position - lower],
  ];
}

/** A filter of the given reach around `centre`, widened by the scale when shrinking, cut at the edges and normalised. */
function filtered(
  centre: number,
  scale: number,
  from: number,
  reach: number,
  filter: (x: number) => number,
): readonly (readonly [number, number])[] {
  const width = Math.max(1, scale);
  const start = Math.max(0, Math.trunc(centre - reach * width + 0.5));
  const end = Math.min(from, Math.trunc(centre + reach * width + 0.5));
  const values = Array.from({ length: end - start }, (_, k) => filter((start + k + 0.5 - centre) / width));
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value, k) => [start + k, value / total]);
}

/** Keys' cubic kernel. */
function cubic(x: number, a: number): number {
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
}
