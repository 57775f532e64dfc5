import { randomStream } from '@onestep/tensor';
import { checkPoints, type PointSet } from '../distances/point-set';
import { spread } from '../internal/spread';

/** Two different points by index. */
export type Pair = readonly [first: number, second: number];

/** Distances of pairs, in their order; pairs come in batches so that a network can see many at once. */
export type PairDistances = (pairs: readonly Pair[]) => ArrayLike<number> | Promise<ArrayLike<number>>;

/** Options of {@link pairwiseDiversity}. */
export interface PairwiseDiversityOptions {
  /** Random pairs, integer >= 1; all pairs if there are no more than that; default 1000. */
  readonly pairs?: number | undefined;
  /** Integer in [0, 2^53); default 0: pairs come from stream `metrics.pairs`. */
  readonly seed?: number | undefined;
  /** Pairs per call of the distance, integer >= 1; default 64. */
  readonly batchSize?: number | undefined;
}

/** Mean distance between points of one set. */
export interface PairwiseDiversity {
  readonly mean: number;
  /** Standard deviation over the pairs. */
  readonly std: number;
  /** Of the mean: std / sqrt(pairs). Pairs share points, so this is a little too small. */
  readonly standardError: number;
  readonly pairs: number;
  /** Pairs at distance 0: equal images. */
  readonly equalPairs: number;
}

/**
 * Mean distance of random pairs of different points, under any distance: LPIPS for the usual diversity score,
 * {@link euclideanPairs} for features.
 *
 * @param count - points, integer >= 2
 * @param distance - distances of pairs of indices
 * @throws {@link RangeError} if there are fewer than 2 points, an option is out of range, or a distance is not finite,
 *   naming the pair
 */
export async function pairwiseDiversity(
  count: number,
  distance: PairDistances,
  { pairs = 1000, seed = 0, batchSize = 64 }: PairwiseDiversityOptions = {},
): Promise<PairwiseDiversity> {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`pairwiseDiversity: batchSize must be an integer >= 1, got ${batchSize}.`);
  }
  const chosen = randomPairs(count, pairs, seed);
  const distances = new Float64Array(chosen.length);
  for (let start = 0; start < chosen.length; start += batchSize) {
    const batch = chosen.slice(start, start + batchSize);
    const values = await distance(batch);
    if (values.length !== batch.length) {
      throw new RangeError(`pairwiseDiversity: got ${values.length} distances for ${batch.length} pairs.`);
    }
    batch.forEach((pair, i) => {
      if (!Number.isFinite(values[i])) {
        throw new RangeError(`pairwiseDiversity: the distance of points ${pair.join(' and ')} is ${values[i]}.`);
      }
      distances[start + i] = values[i];
    });
  }
  const { mean, std } = spread(distances);
  return {
    mean,
    std,
    standardError: std / Math.sqrt(distances.length),
    pairs: distances.length,
    equalPairs: distances.filter((value) => value === 0).length,
  };
}

/** Euclidean distances of pairs of points. */
export function euclideanPairs(points: PointSet): PairDistances {
  const { dimension } = checkPoints('euclideanPairs: points', points);
  const { data } = points;
  return (pairs) =>
    Float64Array.from(pairs, ([first, second]) => {
      let squares = 0;
      for (let k = 0; k < dimension; k += 1)
        squares += (data[first * dimension + k] - data[second * dimension + k]) ** 2;
      return Math.sqrt(squares);
    });
}

/**
 * Random pairs of different indices, drawn with replacement; all of them, each once, if there are no more than asked for.
 *
 * @throws {@link RangeError} if count is not an integer >= 2 or pairs not an integer >= 1
 */
export function randomPairs(count: number, pairs: number, seed = 0): readonly Pair[] {
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(`randomPairs: count must be an integer >= 2, got ${count}.`);
  }
  if (!Number.isInteger(pairs) || pairs < 1) {
    throw new RangeError(`randomPairs: pairs must be an integer >= 1, got ${pairs}.`);
  }
  if ((count * (count - 1)) / 2 <= pairs) {
    return Array.from({ length: count }, (_, i) => i).flatMap((i) =>
      Array.from({ length: count - 1 - i }, (_, j): Pair => [i, i + 1 + j]),
    );
  }
  const stream = randomStream(seed, 'metrics.pairs');
  const first = stream.integers(pairs, count);
  const second = stream.integers(pairs, count - 1);
  return Array.from(first, (i, at): Pair => [i, second[at] + (second[at] >= i ? 1 : 0)]);
}
