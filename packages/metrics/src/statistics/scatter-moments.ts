import type { GaussianMoments } from '../frechet/gaussian-moments';
import { twoProduct } from './exact-sum';
import type { MomentSums } from './moment-statistics';

/** Mean and covariance (divisor N - 1) of at least 2 samples from their exact sums. */
export function scatterMoments({ count, dimension, sum, outerHigh, outerLow }: MomentSums): GaussianMoments {
  const mean = sum.map((value) => value / count);
  const covariance = new Float64Array(dimension * dimension);
  let at = 0;
  for (let i = 0; i < dimension; i += 1) {
    for (let j = i; j < dimension; j += 1, at += 1) {
      // N sum(f_i f_j) - sum(f_i) sum(f_j) cancels where means are large: the products keep their errors.
      const [outer, outerError] = twoProduct(count, outerHigh[at]);
      const [means, meansError] = twoProduct(sum[i], sum[j]);
      const scatter = outer - means + (outerError - meansError + count * outerLow[at]);
      const value = scatter / count / (count - 1);
      covariance[i * dimension + j] = value;
      covariance[j * dimension + i] = value;
    }
  }
  return { mean, covariance };
}
