import type { MomentStatistics } from './moment-statistics';

/**
 * What a reader of a Frechet distance must know about the statistics under it, as sentences: identical samples, features
 * that never change, fewer samples than the covariance needs. Empty where there is nothing to say.
 *
 * @throws {@link RangeError} if there are fewer than 2 samples
 */
export function momentNotes(statistics: MomentStatistics): readonly string[] {
  const { count, dimension } = statistics;
  const { covariance } = statistics.moments();
  let constant = 0;
  for (let i = 0; i < dimension; i += 1) if (covariance[i * dimension + i] === 0) constant += 1;
  if (constant === dimension) return [`All ${count} samples have the same features.`];
  const notes: string[] = [];
  if (constant > 0) notes.push(`${constant} of ${dimension} features are the same for all samples.`);
  if (count <= dimension) {
    notes.push(
      `${count} samples in ${dimension} dimensions: the covariance is singular. The distance is defined, and far too high;` +
        ' compare it only with scores of as many samples.',
    );
  }
  return notes;
}
