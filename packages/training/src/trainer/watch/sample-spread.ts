import type { HostTensor } from '@onestep/tensor';
import { rounded, type WatchFinding } from './watch-event';
import type { WatchSettings } from './watch-settings';

/**
 * How much images differ from each other: the root of the mean over pixels of the variance over images. It is near zero
 * for a model that makes the same image of every noise, however much contrast that image has.
 *
 * @param images - `[B, ...]`, B >= 2
 * @returns standard deviation >= 0, in double precision
 * @throws {@link RangeError} if there are fewer than two images
 */
export function sampleSpread({ shape, data }: HostTensor): number {
  const count = shape[0] ?? 0;
  if (count < 2) throw new RangeError(`sampleSpread: needs at least 2 images, got ${count}.`);
  const size = data.length / count;
  let total = 0;
  for (let j = 0; j < size; j += 1) {
    let sum = 0;
    for (let i = 0; i < count; i += 1) sum += data[i * size + j];
    const mean = sum / count;
    for (let i = 0; i < count; i += 1) total += (data[i * size + j] - mean) ** 2;
  }
  return Math.sqrt(total / (size * (count - 1)));
}

/** What a sample hook may tell about the images it made from fixed noise. */
export interface SampleStats {
  /** Their spread, as {@link sampleSpread} measures it. */
  readonly std: number;
}

/** Whether a run has come far enough for its samples to be judged; see {@link WatchSettings.samplesFrom}. */
export function judgesSamples(
  { step, totalSteps }: { readonly step: number; readonly totalSteps: number },
  { samplesFrom, window }: Pick<WatchSettings, 'samplesFrom' | 'window'>,
): boolean {
  return step >= Math.max(samplesFrom * totalSteps, window);
}

/**
 * Compares the spread of samples with that of a batch of data.
 *
 * @param fraction - of the data's spread below which samples count as collapsed
 * @returns undefined where nothing is wrong, or the batch is a single image
 */
export function checkSamples(
  { std }: SampleStats,
  batch: HostTensor,
  { step, fraction }: { readonly step: number; readonly fraction: number },
): WatchFinding | undefined {
  if (fraction === 0 || batch.shape[0] < 2) return undefined;
  const limit = fraction * sampleSpread(batch);
  if (std >= limit) return undefined;
  const what = `the samples have collapsed to a spread of ${rounded(std)}, below ${rounded(limit)},`;
  return { kind: 'samples', step, value: std, limit, what };
}
