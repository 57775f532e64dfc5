import { randomStream } from '@onestep/tensor';
import { checkPair, type PointSet, type PointSetSize } from '../distances/point-set';
import { spread } from '../internal/spread';
import { chosenRows, pointRows } from '../internal/point-rows';
import { checkKernel, squaredDiscrepancy, type PolynomialKernel } from './polynomial-kernel';

/** Options of {@link kernelDistance}. */
export interface KernelDistanceOptions extends PolynomialKernel {
  /** Number of random subsets, integer >= 1; default 100. */
  readonly subsets?: number | undefined;
  /** Points of each set in a subset, integer >= 2; default 1000. */
  readonly subsetSize?: number | undefined;
  /** Integer in [0, 2^53); default 0. Subset k comes from streams `metrics.kernel-distance.a` and `.b`, index k. */
  readonly seed?: number | undefined;
  /** The subsets themselves, as indices of points of `a` and of `b`; then the three options above are not used. */
  readonly indices?: SubsetIndices | undefined;
}

/** Subsets of two sets of points. */
export interface SubsetIndices {
  readonly a: readonly ArrayLike<number>[];
  readonly b: readonly ArrayLike<number>[];
}

/** A kernel distance and its spread over subsets. */
export interface KernelDistance {
  /** Mean over the subsets. Papers print it times 1000. */
  readonly mean: number;
  /** Standard deviation over the subsets, with divisor `subsets`. */
  readonly std: number;
  readonly perSubset: Float64Array;
}

/**
 * Kernel distance, KID where the points are Inception features: the unbiased squared maximum mean discrepancy under the
 * kernel (gamma x.y + offset)^degree, averaged over random subsets.
 *
 * Of m points each: [sum_(i != j) k(x_i, x_j) + sum_(i != j) k(y_i, y_j)] / (m (m - 1)) - 2 sum k(x_i, y_j) / m^2.
 *
 * @param a - N points
 * @param b - M points of the same dimension
 * @returns mean 0 for samples of one law, and then below 0 as often as above
 * @throws {@link RangeError} if dimensions differ, a number is not finite, an index or option is out of range, or a set
 *   has fewer points than a subset
 * @remarks Float64. Subsets of 1000 of 2048 features take about 8 10^9 operations each, seconds on one core.
 *   Subsets overlap: the standard deviation tells how subsets differ, not how certain the mean is.
 * @see Binkowski et al. 2018, section 4
 */
export function kernelDistance(a: PointSet, b: PointSet, options: KernelDistanceOptions = {}): KernelDistance {
  const [first, second] = checkPair('kernelDistance', a, b);
  const kernel = checkKernel('kernelDistance', options, first.dimension);
  const { indices } = options;
  const chosen =
    indices === undefined ? drawSubsets(first, second, options) : checkIndices(indices, first.count, second.count);
  const perSubset = Float64Array.from(chosen, ([fromA, fromB]) =>
    squaredDiscrepancy(chosenRows(a, first, fromA), chosenRows(b, second, fromB), kernel),
  );
  return { ...spread(perSubset), perSubset };
}

/**
 * The same discrepancy of all points at once: the estimate that the mean over subsets approaches, without their noise.
 *
 * @param a - N >= 2 points
 * @param b - M >= 2 points of the same dimension
 * @throws {@link RangeError} if dimensions differ, a number is not finite, an option is out of range, or a set is too small
 * @remarks Time (N + M)^2 d, memory independent of N and M.
 * @see Gretton et al. 2012, Eq. 3
 */
export function fullKernelDistance(a: PointSet, b: PointSet, options: PolynomialKernel = {}): number {
  const [first, second] = checkPair('fullKernelDistance', a, b);
  const kernel = checkKernel('fullKernelDistance', options, first.dimension);
  if (Math.min(first.count, second.count) < 2) {
    throw new RangeError(
      `fullKernelDistance: needs at least 2 points in each set, got ${first.count} and ${second.count}.`,
    );
  }
  return squaredDiscrepancy(pointRows(a, first), pointRows(b, second), kernel);
}

type Subset = readonly [a: ArrayLike<number>, b: ArrayLike<number>];

function drawSubsets(
  first: PointSetSize,
  second: PointSetSize,
  { subsets = 100, subsetSize = 1000, seed = 0 }: KernelDistanceOptions,
): readonly Subset[] {
  if (!Number.isInteger(subsets) || subsets < 1) {
    throw new RangeError(`kernelDistance: subsets must be an integer >= 1, got ${subsets}.`);
  }
  if (!Number.isInteger(subsetSize) || subsetSize < 2) {
    throw new RangeError(`kernelDistance: subsetSize must be an integer >= 2, got ${subsetSize}.`);
  }
  for (const [name, { count }] of [['a', first] as const, ['b', second] as const]) {
    if (count < subsetSize) {
      throw new RangeError(
        `kernelDistance: ${name} has ${count} points, subsets have ${subsetSize}. Pass a smaller subsetSize.`,
      );
    }
  }
  const draw = (name: string, index: number, count: number): Uint32Array =>
    randomStream(seed, `metrics.kernel-distance.${name}`, index).permutation(count).subarray(0, subsetSize);
  return Array.from({ length: subsets }, (_, k) => [draw('a', k, first.count), draw('b', k, second.count)]);
}

function checkIndices({ a, b }: SubsetIndices, countA: number, countB: number): readonly Subset[] {
  if (a.length !== b.length || a.length === 0) {
    throw new RangeError(`kernelDistance: indices has ${a.length} subsets of a and ${b.length} of b, expected pairs.`);
  }
  const check = (name: string, subset: ArrayLike<number>, k: number, count: number): void => {
    const wrong = Array.from(subset).find((index) => !Number.isInteger(index) || index < 0 || index >= count);
    if (subset.length < 2 || wrong !== undefined) {
      const got = wrong === undefined ? `${subset.length} indices` : String(wrong);
      throw new RangeError(
        `kernelDistance: indices.${name}[${k}] must hold at least 2 integers in [0, ${count}), got ${got}.`,
      );
    }
  };
  return a.map((fromA, k) => {
    check('a', fromA, k, countA);
    check('b', b[k], k, countB);
    return [fromA, b[k]] as const;
  });
}
