/** Largest number of samples: beyond it sums could round. */
export const maxSamples = 2 ** 21;

/**
 * Constants that make sums of features and of their products exact in float64.
 *
 * Features are float32 numbers below `range`, rounded to multiples of range 2^-32. A product of two has at most 48
 * bits, so float64 holds it; it is cut at range^2 2^-32 into two parts whose sums over 2^21 samples stay within 53
 * bits. Nothing ever rounds after the first step, so any order, batching or sharding gives the same bits.
 */
export interface ExactGrid {
  readonly range: number;
  /** x + roundFeature - roundFeature is x rounded to the grid, ties to even. */
  readonly roundFeature: number;
  /** p + cutProduct - cutProduct is the high part of a product. */
  readonly cutProduct: number;
}

/**
 * Grid for features with |f| < range.
 *
 * @throws {@link RangeError} unless range is a power of two in [2^-64, 2^64]
 */
export function exactGrid(range: number): ExactGrid {
  const exponent = Math.log2(range);
  if (!Number.isInteger(exponent) || 2 ** exponent !== range || Math.abs(exponent) > 64) {
    throw new RangeError(`MomentStatistics: range must be a power of two in [2^-64, 2^64], got ${range}.`);
  }
  return { range, roundFeature: 1.5 * range * 2 ** 20, cutProduct: 1.5 * range * range * 2 ** 20 };
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
