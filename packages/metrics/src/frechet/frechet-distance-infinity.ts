import { randomStream } from '@onestep/tensor';
import { checkPoints, type PointSet } from '../distances/point-set';
import { MomentStatistics, type MomentOptions } from '../statistics/moment-statistics';
import { extrapolateToInfinity, type Extrapolation } from './extrapolate';
import { frechetDistance } from './frechet-distance';
import type { GaussianMoments } from './gaussian-moments';

/** Options of {@link frechetDistanceInfinity}; `range` and `bits` are those of the statistics. */
export interface FrechetDistanceInfinityOptions extends MomentOptions {
  /** Subset sizes, at least 2 different ones in [2, N]; default 15 evenly spaced from min(5000, N / 10) to N. */
  readonly sizes?: readonly number[] | undefined;
  /** Integer in [0, 2^53); default 0. Subset k is the start of a permutation from stream `metrics.frechet-infinity`, index k. */
  readonly seed?: number | undefined;
}

/**
 * Frechet distance that infinitely many generated images would have: distances of random subsets are fitted by
 * distance = intercept + slope / count, and the intercept is the answer.
 *
 * @param generated - features of N >= 20 generated images
 * @param reference - statistics or moments of the real images
 * @throws {@link RangeError} if dimensions differ, a feature is not finite, or a size is out of range
 * @remarks Only the bias of the generated side is removed; the reference keeps its own. Each size costs a Frechet
 *   distance. The fit is poor where subsets have fewer images than features have dimensions: look at `residual`.
 * @see Chong & Forsyth 2020
 */
export function frechetDistanceInfinity(
  generated: PointSet,
  reference: MomentStatistics | GaussianMoments,
  { sizes, seed = 0, ...momentOptions }: FrechetDistanceInfinityOptions = {},
): Extrapolation {
  const { count, dimension } = checkPoints('frechetDistanceInfinity: generated', generated);
  const chosen = sizes ?? defaultSizes(count);
  for (const size of chosen) {
    if (!Number.isInteger(size) || size < 2 || size > count) {
      throw new RangeError(`frechetDistanceInfinity: sizes must be integers in [2, ${count}], got ${size}.`);
    }
  }
  const moments = reference instanceof MomentStatistics ? reference.moments() : reference;
  const distances = chosen.map((size, k) => {
    const subset = randomStream(seed, 'metrics.frechet-infinity', k).permutation(count).subarray(0, size);
    const statistics = new MomentStatistics(dimension, momentOptions);
    const rows = 256;
    for (let start = 0; start < size; start += rows) {
      const part = subset.subarray(start, start + rows);
      const block = new Float64Array(part.length * dimension);
      part.forEach((point, row) => {
        for (let c = 0; c < dimension; c += 1) block[row * dimension + c] = generated.data[point * dimension + c];
      });
      statistics.add(block);
    }
    return frechetDistance(statistics, moments);
  });
  return extrapolateToInfinity(chosen, distances);
}

function defaultSizes(count: number): readonly number[] {
  if (count < 20) {
    throw new RangeError(`frechetDistanceInfinity: needs at least 20 points, got ${count}. Pass sizes for fewer.`);
  }
  const least = Math.min(5000, Math.ceil(count / 10));
  return Array.from({ length: 15 }, (_, i) => Math.round(least + ((count - least) * i) / 14));
}
