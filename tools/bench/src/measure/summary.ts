/** What a list of measurements comes down to. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Number of measurements. */
  readonly runs: number;
}

/**
 * Median and spread of measurements.
 *
 * @param values - at least one finite number, in any order; not changed
 * @returns the median (of an even number of values the mean of the middle two), the extremes and the count
 * @throws {@link RangeError} if there is no value or one is not finite
 */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('summarize: values is empty, expected at least one measurement.');
  const odd = values.find((value) => !Number.isFinite(value));
  if (odd !== undefined) throw new RangeError(`summarize: values must be finite, got ${odd}.`);
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1], runs: sorted.length };
}

/**
 * Quotients of measurements of the same round, numerator / denominator: what shook the machine shook both.
 *
 * @throws {@link RangeError} if the lists differ in length or are empty
 */
export function ratios(numerators: readonly number[], denominators: readonly number[]): number[] {
  if (numerators.length !== denominators.length || numerators.length === 0) {
    throw new RangeError(
      `ratios: expected two lists of the same length >= 1, got ${numerators.length} and ${denominators.length}.`,
    );
  }
  return numerators.map((value, i) => value / denominators[i]);
}
