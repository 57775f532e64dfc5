/** A straight line in 1 / count through scores of growing counts, and where it ends. */
export interface Extrapolation {
  /** The line at 1 / count = 0. */
  readonly value: number;
  /** Of `value`, from the scatter around the line; 0 for two points. */
  readonly standardError: number;
  /** What a score of `count` samples is above the value, times `count`. */
  readonly slope: number;
  /** Root of the mean squared distance of the points from the line. */
  readonly residual: number;
  readonly points: readonly { readonly count: number; readonly score: number }[];
}

/**
 * Least-squares line of scores over 1 / count, continued to infinitely many samples.
 *
 * @param counts - at least 2 different numbers >= 1
 * @param scores - as many; scores of independent subsets, or of shards of different sizes
 * @throws {@link RangeError} if there are no two different counts, or a number is not finite
 * @see Chong & Forsyth 2020, section 4
 */
export function extrapolateToInfinity(counts: readonly number[], scores: readonly number[]): Extrapolation {
  if (counts.length !== scores.length || new Set(counts).size < 2) {
    throw new RangeError(
      `extrapolateToInfinity: needs scores for at least 2 different counts, got ${scores.length} scores for` +
        ` [${counts.join(', ')}].`,
    );
  }
  counts.forEach((count, i) => {
    if (!(count >= 1 && count < Infinity) || !Number.isFinite(scores[i])) {
      throw new RangeError(`extrapolateToInfinity: point ${i} has count ${count} and score ${scores[i]}.`);
    }
  });
  const n = counts.length;
  const x = counts.map((count) => 1 / count);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / n;
  const [meanX, meanY] = [mean(x), mean(scores)];
  const squares = x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
  const slope = x.reduce((sum, value, i) => sum + (value - meanX) * (scores[i] - meanY), 0) / squares;
  const value = meanY - slope * meanX;
  const error = x.reduce((sum, at, i) => sum + (scores[i] - value - slope * at) ** 2, 0);
  const variance = n > 2 ? error / (n - 2) : 0;
  return {
    value,
    standardError: Math.sqrt(variance * (1 / n + meanX ** 2 / squares)),
    slope,
    residual: Math.sqrt(error / n),
    points: counts.map((count, i) => ({ count, score: scores[i] })),
  };
}
