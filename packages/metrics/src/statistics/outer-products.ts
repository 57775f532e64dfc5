import { rowProducts } from '../internal/linear-algebra/row-products';
import type { ExactGrid } from './exact-sum';

/** Samples whose products are summed before they are cut into a high and a low part. */
export const blockSamples = 256;

/** Features whose products with all others are computed at once. */
const stripe = 64;

/**
 * Adds the sums and the products of a block of samples to running sums; exact.
 *
 * Where the largest features of two dimensions and the number of samples show that a sum of products fits 53 bits, the
 * products of many dimensions are summed as products of matrices; else each product is cut by itself.
 *
 * @param columns - `[d, samples]` numbers on the grid
 * @param outerHigh - `[d (d + 1) / 2]`, i <= j row by row
 */
export function addOuterProducts(
  columns: Float64Array,
  grid: ExactGrid,
  sum: Float64Array,
  outerHigh: Float64Array,
  outerLow: Float64Array,
): void {
  const dimension = sum.length;
  const samples = columns.length / dimension;
  const largest = new Float64Array(dimension);
  for (let i = 0; i < dimension; i += 1) {
    let total = 0;
    for (let k = i * samples; k < (i + 1) * samples; k += 1) {
      total += columns[k];
      largest[i] = Math.max(largest[i], Math.abs(columns[k]));
    }
    sum[i] += total;
  }
  const out = new Float64Array(stripe * stripe);
  const rows = (first: number) => {
    const count = Math.min(stripe, dimension - first);
    return { count, width: samples, data: columns.subarray(first * samples, (first + count) * samples) };
  };
  const top = (first: number): number => largest.subarray(first, first + stripe).reduce((a, b) => Math.max(a, b), 0);
  const tops = Array.from({ length: Math.ceil(dimension / stripe) }, (_, s) => top(s * stripe));
  for (let first = 0; first < dimension; first += stripe) {
    for (let second = first; second < dimension; second += stripe) {
      const fits = tops[first / stripe] * tops[second / stripe] * samples <= grid.exactSum;
      const right = rows(second);
      if (fits) rowProducts(rows(first), right, { out });
      const end = Math.min(first + stripe, dimension);
      for (let i = first; i < end; i += 1) {
        const from = Math.max(i, second);
        // The place of (i, from) among the pairs i <= j.
        let at = i * dimension - (i * (i - 1)) / 2 + (from - i);
        for (let j = from; j < second + right.count; j += 1, at += 1) {
          if (fits) {
            const product = out[(i - first) * right.count + (j - second)];
            const high = product + grid.cutProduct - grid.cutProduct;
            outerHigh[at] += high;
            outerLow[at] += product - high;
          } else {
            addCutProducts(columns, i * samples, j * samples, samples, grid.cutProduct, at, outerHigh, outerLow);
          }
        }
      }
    }
  }
}

/** The products of two dimensions, each cut before it is summed. */
function addCutProducts(
  columns: Float64Array,
  first: number,
  second: number,
  samples: number,
  cut: number,
  at: number,
  outerHigh: Float64Array,
  outerLow: Float64Array,
): void {
  let high = 0;
  let low = 0;
  for (let k = 0; k < samples; k += 1) {
    const product = columns[first + k] * columns[second + k];
    const part = product + cut - cut;
    high += part;
    low += product - part;
  }
  outerHigh[at] += high;
  outerLow[at] += low;
}
