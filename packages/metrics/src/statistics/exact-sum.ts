/** Largest number of samples: beyond it sums could round. */
export const maxSamples = 2 ** 21;

/**
 * Constants that make sums of features and of their products exact in float64.
 *
 * Features are float32 numbers below `range`, rounded to multiples of range 2^-bits. A product of two has at most 48
 * bits, so float64 holds it; it is cut at range^2 2^-32 into two parts whose sums over 2^21 samples stay within 53
 * bits. Nothing ever rounds after the first step, so any order, batching or sharding gives the same sums.
 */
export interface ExactGrid {
  readonly range: number;
  readonly bits: number;
  /** x + roundFeature - roundFeature is x rounded to the grid, ties to even. */
  readonly roundFeature: number;
  /** p + cutProduct - cutProduct is the high part of a product, or of a sum of products below range^2 2^18. */
  readonly cutProduct: number;
  /** A sum of products whose absolute values sum to no more than this is exact. */
  readonly exactSum: number;
}

/**
 * Grid for features with |f| < range.
 *
 * @throws {@link RangeError} unless range is a power of two in [2^-64, 2^64] and bits an integer in [16, 32]
 */
export function exactGrid(range: number, bits: number): ExactGrid {
  const exponent = Math.log2(range);
  if (!Number.isInteger(exponent) || 2 ** exponent !== range || Math.abs(exponent) > 64) {
    throw new RangeError(`MomentStatistics: range must be a power of two in [2^-64, 2^64], got ${range}.`);
  }
  if (!Number.isInteger(bits) || bits < 16 || bits > 32) {
    throw new RangeError(`MomentStatistics: bits must be an integer in [16, 32], got ${bits}.`);
  }
  return {
    range,
    bits,
    roundFeature: 1.5 * range * 2 ** (52 - bits),
    cutProduct: 1.5 * range * range * 2 ** 20,
    exactSum: range * range * 2 ** (53 - 2 * bits),
  };
}

/**
 * Makes the two parts of exact sums those that the sum alone determines: low in [-u/2, u/2) where high is a multiple of
 * u = range^2 2^-32. Without it equal sums could be split differently.
 */
export function normaliseParts(high: Float64Array, low: Float64Array, { range, cutProduct }: ExactGrid): void {
  const unit = range * range * 2 ** -32;
  for (let i = 0; i < high.length; i += 1) {
    let carry = low[i] + cutProduct - cutProduct;
    if (low[i] - carry === unit / 2) carry += unit;
    high[i] += carry;
    low[i] -= carry;
  }
}

const splitter = 2 ** 27 + 1;

/** The product of two numbers as an unevaluated sum of the rounded product and its error (Dekker 1971). */
export function twoProduct(a: number, b: number): readonly [product: number, error: number] {
  const product = a * b;
  const [aHigh, aLow] = split(a);
  const [bHigh, bLow] = split(b);
  return [product, aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)];
}

function split(x: number): readonly [high: number, low: number] {
  const scaled = splitter * x;
  const high = scaled - (scaled - x);
  return [high, x - high];
}
