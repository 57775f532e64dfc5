import { rmse, type PointSet } from '@onestep/metrics';
import type { Scores } from './measure';

/**
 * How far the ends of trajectories are from the true ones: over all of them, and of the one in the middle. A few
 * trajectories start between two modes, end in the wrong one and make most of the first.
 *
 * @param samples - N points
 * @param ends - where they should be
 * @returns `rmse`, and the `median` over the points of the RMSE of one: both per coordinate
 */
export function pairErrors(samples: PointSet, ends: PointSet): Scores {
  const total = rmse(samples, ends);
  const count = samples.shape[0];
  const size = samples.data.length / count;
  const errors = Float64Array.from({ length: count }, (_, i) => {
    let squares = 0;
    for (let j = i * size; j < (i + 1) * size; j += 1) squares += (samples.data[j] - ends.data[j]) ** 2;
    return Math.sqrt(squares / size);
  }).sort();
  return { rmse: total, median: (errors[(count - 1) >> 1] + errors[count >> 1]) / 2 };
}
