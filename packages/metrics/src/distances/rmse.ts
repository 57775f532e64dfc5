import { checkPair, type PointSet } from './point-set';

/**
 * Root mean squared error: sqrt of the mean of (a - b)^2 over all numbers of paired points.
 *
 * @param a - N points
 * @param b - N points of the same dimension, in the same order
 * @returns a number >= 0 in the unit of the points
 * @throws {@link RangeError} if counts or dimensions differ, or a number is not finite
 */
export function rmse(a: PointSet, b: PointSet): number {
  const [{ count, dimension }, { count: otherCount }] = checkPair('rmse', a, b);
  if (count !== otherCount) {
    throw new RangeError(`rmse: a has ${count} points, b has ${otherCount}, expected pairs.`);
  }
  let squares = 0;
  for (let i = 0; i < count * dimension; i += 1) squares += (a.data[i] - b.data[i]) ** 2;
  return Math.sqrt(squares / (count * dimension));
}
