import { checkPair, type PointSet } from './point-set';

/** Options of {@link energyDistance}. */
export interface EnergyDistanceOptions {
  /**
   * `unbiased` (default) leaves a point's distance to itself out of the means within a set (a U-statistic): its mean is
   * the true value, and for two samples of one law it scatters around 0, below it too. `biased` keeps the zeros
   * (a V-statistic): never negative, 0 for equal sets, but about (E|X - X'|) (1/N + 1/M) too large.
   */
  readonly estimator?: 'unbiased' | 'biased' | undefined;
}

/** Rows of each set that are in the processor's cache together. */
const blockRows = 128;

/**
 * Energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| between two sets of points, with Euclidean norms; zero if and only
 * if the laws are equal. It is the squared form: no root is taken.
 *
 * @param a - N points; at least 2 for the unbiased estimator
 * @param b - M points of the same dimension
 * @returns the estimate in the unit of the points
 * @throws {@link RangeError} if dimensions differ, a set is too small, or a number is not finite
 * @remarks Float64, from the differences themselves; time (N + M)^2 d / 2, memory independent of N and M.
 * @see Szekely & Rizzo 2013
 */
export function energyDistance(
  a: PointSet,
  b: PointSet,
  { estimator = 'unbiased' }: EnergyDistanceOptions = {},
): number {
  const [first, second] = checkPair('energyDistance', a, b);
  const unbiased = estimator === 'unbiased';
  if (unbiased && Math.min(first.count, second.count) < 2) {
    throw new RangeError('energyDistance: the unbiased estimator needs at least 2 points in each set. Use "biased".');
  }
  const within = (data: ArrayLike<number>, count: number): number =>
    (2 * sumOfDistances(data, count, data, count, first.dimension, true)) / (count * (unbiased ? count - 1 : count));
  const across =
    sumOfDistances(a.data, first.count, b.data, second.count, first.dimension, false) / (first.count * second.count);
  return 2 * across - within(a.data, first.count) - within(b.data, second.count);
}

/** Sum of the distances of all pairs, or of the pairs i < j of one set, block by block. */
function sumOfDistances(
  a: ArrayLike<number>,
  countA: number,
  b: ArrayLike<number>,
  countB: number,
  dimension: number,
  oneSet: boolean,
): number {
  let total = 0;
  for (let top = 0; top < countA; top += blockRows) {
    const bottom = Math.min(top + blockRows, countA);
    for (let left = oneSet ? top : 0; left < countB; left += blockRows) {
      const right = Math.min(left + blockRows, countB);
      let blockSum = 0;
      for (let i = top; i < bottom; i += 1) {
        for (let j = oneSet ? Math.max(left, i + 1) : left; j < right; j += 1) {
          let squares = 0;
          for (let k = 0; k < dimension; k += 1) {
            const gap = a[i * dimension + k] - b[j * dimension + k];
            squares += gap * gap;
          }
          blockSum += Math.sqrt(squares);
        }
      }
      total += blockSum;
    }
  }
  return total;
}
