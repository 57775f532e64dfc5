import { pivotedCholesky, type LowRankFactor } from '../internal/linear-algebra/pivoted-cholesky';
import { rowProducts, type Rows } from '../internal/linear-algebra/row-products';
import { sumOfSingularValues } from '../internal/linear-algebra/singular-values';
import { MomentStatistics } from '../statistics/moment-statistics';
import type { GaussianMoments } from './gaussian-moments';

/**
 * Squared Frechet distance between the Gaussians of two sets of features.
 *
 * |mean1 - mean2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2). With S1 = A^T A and S2 = B^T B the last trace is the sum of
 * the singular values of A B^T, which are the roots of the eigenvalues of the symmetric A S2 A^T: real and non-negative
 * without a matrix square root, and few where the covariances have low rank (fewer samples than dimensions).
 *
 * @param a - statistics of at least 2 samples, or a mean and a covariance
 * @param b - the other side, of the same dimension
 * @returns a number >= 0 (rounding below zero is cut off); of the order of tr S 1e-15 for equal moments
 * @throws {@link RangeError} if dimensions differ, or a number is not finite
 * @remarks About 4 d^3 multiplications and additions and 5 d^2 doubles, on one thread: see the README for times. A covariance estimated from few samples biases the distance upwards: compare scores of equal counts.
 * @see Dowson & Landau 1982; Heusel et al. 2017
 */
export function frechetDistance(a: MomentStatistics | GaussianMoments, b: MomentStatistics | GaussianMoments): number {
  const first = momentsOf(a, 'a');
  const second = momentsOf(b, 'b');
  const dimension = first.mean.length;
  if (second.mean.length !== dimension) {
    throw new RangeError(`frechetDistance: a has dimension ${dimension}, b has ${second.mean.length}.`);
  }
  let distance = 0;
  for (let i = 0; i < dimension; i += 1) {
    const diagonal = i * dimension + i;
    distance += (first.mean[i] - second.mean[i]) ** 2 + first.covariance[diagonal] + second.covariance[diagonal];
  }
  const factors = [first, second].map(({ covariance }) => pivotedCholesky(covariance, dimension));
  const [narrow, wide] = factors[0].rank <= factors[1].rank ? factors : [factors[1], factors[0]];
  if (narrow.rank > 0) distance -= 2 * traceOfRoot(narrow, wide, dimension);
  return Math.max(0, distance);
}

/** tr (S1 S2)^(1/2) from factors of both: the sum of the singular values of A B^T. */
function traceOfRoot(narrow: LowRankFactor, wide: LowRankFactor, dimension: number): number {
  // In the order of its pivots a factor is a triangle, and half of the product is known to be zero.
  const inOrder = ({ rank, rows }: LowRankFactor): Rows => {
    const data = new Float64Array(rank * dimension);
    for (let row = 0; row < rank; row += 1) {
      for (let c = 0; c < dimension; c += 1) data[row * dimension + c] = rows[row * dimension + wide.order[c]];
    }
    return { count: rank, width: dimension, data };
  };
  const product = rowProducts(inOrder(wide), inOrder(narrow), { triangular: true });
  return sumOfSingularValues(product, wide.rank, narrow.rank);
}

function momentsOf(side: MomentStatistics | GaussianMoments, name: string): GaussianMoments {
  const moments = side instanceof MomentStatistics ? side.moments() : side;
  const { mean, covariance } = moments;
  if (mean.length === 0 || covariance.length !== mean.length ** 2) {
    throw new RangeError(
      `frechetDistance: ${name} has a mean of ${mean.length} and a covariance of ${covariance.length} numbers,` +
        ' expected d >= 1 and d^2.',
    );
  }
  for (const [part, values] of Object.entries({ mean, covariance })) {
    const wrong = Array.prototype.findIndex.call(values, (value: number) => !Number.isFinite(value));
    if (wrong >= 0) throw new RangeError(`frechetDistance: ${part} of ${name} has ${values[wrong]} at ${wrong}.`);
  }
  return moments;
}
