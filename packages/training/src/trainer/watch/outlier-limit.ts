import { noLimit } from '../../step/update-limits';

/** Steps that must have been seen before one is called an outlier: half a window, at most this many. */
const mostNeeded = 50;

/**
 * The value above which the next one is an outlier: median + (factor - 1) max(|median|, 1.4826 MAD), which for positive
 * values of small spread is factor times the median, and makes sense too for losses around zero.
 *
 * @param values - of the last steps
 * @param options - `factor` > 1, null for no limit; `window`: how many values there are at most
 * @returns a float32 number; the largest one where nothing can be said yet
 */
export function outlierLimit(
  values: readonly number[],
  { factor, window }: { readonly factor: number | null; readonly window: number },
): number {
  if (factor === null || values.length < Math.min(mostNeeded, window / 2)) return noLimit;
  const middle = median(values);
  const spread = 1.4826 * median(values.map((value) => Math.abs(value - middle)));
  return Math.min(noLimit, Math.fround(middle + (factor - 1) * Math.max(Math.abs(middle), spread)));
}

/** The middle value, or the mean of the two middle ones. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
