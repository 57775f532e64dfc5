import { checkPair, type PointSet } from '../distances/point-set';
import { quantile } from '../internal/spread';
import { nearestNeighbours } from './nearest-neighbours';

/** Options of {@link memorisation}. */
export interface MemorisationOptions {
  /** Real points that were not trained on, from the same law: they calibrate how close chance comes. */
  readonly heldOut?: PointSet | undefined;
  /** Share of held-out points that may be suspected wrongly, in (0, 1); default 0.01. */
  readonly falseAlarms?: number | undefined;
  /** A point is a suspect if its nearest neighbour is closer than this times the second nearest, in (0, 1]; default 1/3. */
  readonly ratio?: number | undefined;
}

/** How close generated points come to training points. */
export interface Memorisation {
  /** Nearest training point of each generated point. */
  readonly nearest: Int32Array;
  /** Distances to it. */
  readonly distances: Float64Array;
  /** Distance to the nearest over distance to the second nearest, in [0, 1]; 1 where both are 0 (copies in the training set). */
  readonly ratios: Float64Array;
  /** Generated points at distance 0. */
  readonly copies: number;
  /** Generated points whose ratio is below the bound, by index. */
  readonly byRatio: readonly number[];
  /** Present if there are held-out points. */
  readonly calibrated?: CalibratedMemorisation | undefined;
}

/** Distances of generated points beside those of real points that were not trained on. */
export interface CalibratedMemorisation {
  /** Distance that a share `falseAlarms` of the held-out points is below. */
  readonly threshold: number;
  /** Generated points closer than the threshold, by index. */
  readonly suspects: readonly number[];
  /** Share of the generated points that are suspects; `falseAlarms` is expected of a model that does not memorise. */
  readonly share: number;
  /** Share of held-out points whose ratio is below the bound: what the share of `byRatio` is to be compared with. */
  readonly heldOutByRatio: number;
  /**
   * Standard score of the Mann-Whitney test of all distances: below about -3 the generated points are closer to the
   * training points than held-out ones are (memorising), above 3 farther (underfitting).
   */
  readonly score: number;
}

/**
 * Looks for memorised training points: the nearest training neighbour of each generated point, whether it is much nearer
 * than the second, and, with held-out real points, whether it is nearer than chance explains.
 *
 * @param generated - N points: pixels or features
 * @param training - M >= 2 points of the same dimension
 * @throws {@link RangeError} if dimensions differ, a number is not finite, there are fewer than 2 training or held-out
 *   points, or an option is out of range
 * @remarks Pixels find copies; features find paraphrases too. Time (N + held-out) M d.
 * @see Yoon et al. 2023 for the ratio; Meehan et al. 2020 for the test against held-out points
 */
export function memorisation(
  generated: PointSet,
  training: PointSet,
  { heldOut, falseAlarms = 0.01, ratio = 1 / 3 }: MemorisationOptions = {},
): Memorisation {
  checkPair('memorisation', generated, training);
  if (training.shape[0] < 2) throw new RangeError('memorisation: needs at least 2 training points, got 1.');
  if (!(falseAlarms > 0 && falseAlarms < 1)) {
    throw new RangeError(`memorisation: falseAlarms must be in (0, 1), got ${falseAlarms}.`);
  }
  if (!(ratio > 0 && ratio <= 1)) throw new RangeError(`memorisation: ratio must be in (0, 1], got ${ratio}.`);
  if (heldOut !== undefined) {
    checkPair('memorisation (b is held out)', training, heldOut);
    if (heldOut.shape[0] < 2) throw new RangeError('memorisation: needs at least 2 held-out points, got 1.');
  }
  const found = closest(generated, training);
  const result = {
    ...found,
    copies: indicesWhere(found.distances, (distance) => distance === 0).length,
    byRatio: indicesWhere(found.ratios, (value) => value < ratio),
  };
  if (heldOut === undefined) return result;
  const real = closest(heldOut, training);
  const threshold = quantile(real.distances.slice().sort(), falseAlarms);
  const suspects = indicesWhere(found.distances, (distance) => distance < threshold);
  const calibrated = {
    threshold,
    suspects,
    share: suspects.length / found.distances.length,
    heldOutByRatio: indicesWhere(real.ratios, (value) => value < ratio).length / real.ratios.length,
    score: mannWhitney(found.distances, real.distances),
  };
  return { ...result, calibrated };
}

function closest(points: PointSet, training: PointSet): Pick<Memorisation, 'nearest' | 'distances' | 'ratios'> {
  const { indices, distances } = nearestNeighbours(points, training, { k: 2 });
  const first = (_: unknown, i: number): number => distances[2 * i];
  return {
    nearest: Int32Array.from({ length: points.shape[0] }, (_, i) => indices[2 * i]),
    distances: Float64Array.from({ length: points.shape[0] }, first),
    ratios: Float64Array.from({ length: points.shape[0] }, (_, i) => {
      const second = distances[2 * i + 1];
      return second === 0 ? 1 : distances[2 * i] / second;
    }),
  };
}

function indicesWhere(values: Float64Array, holds: (value: number) => boolean): readonly number[] {
  return Array.from(values.keys()).filter((i) => holds(values[i]));
}

/** Standard score of the number of pairs with a above b, ties counted half, with the variance corrected for ties. */
function mannWhitney(a: Float64Array, b: Float64Array): number {
  const all = [...Array.from(a, (value) => ({ value, own: 1 })), ...Array.from(b, (value) => ({ value, own: 0 }))];
  all.sort((x, y) => x.value - y.value);
  let rankSum = 0;
  let ties = 0;
  for (let start = 0; start < all.length;) {
    let end = start;
    let own = 0;
    for (; end < all.length && all[end].value === all[start].value; end += 1) own += all[end].own;
    // Ranks count from 1; equal values share their mean.
    rankSum += own * ((start + 1 + end) / 2);
    ties += (end - start) ** 3 - (end - start);
    start = end;
  }
  const total = all.length;
  const above = rankSum - (a.length * (a.length + 1)) / 2;
  const variance = ((a.length * b.length) / 12) * (total + 1 - ties / (total * (total - 1)));
  return variance > 0 ? (above - (a.length * b.length) / 2) / Math.sqrt(variance) : 0;
}
