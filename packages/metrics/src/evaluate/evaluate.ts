import type { Receipt } from '../receipt';
import type { EvaluationSource } from './byte-batches';
import { collectFeatures, type CollectOptions } from './collect-features';
import { isMomentMetric, type EvaluationMetric } from './metric-names';
import type { EvaluationReference } from './reference';
import { scoreFeatures, type ScoreOptions } from './score-features';

/** Options of {@link evaluate}. */
export interface EvaluateOptions
  extends Omit<CollectOptions, 'side' | 'first' | 'onProgress'>, Omit<ScoreOptions, 'metrics' | 'network' | 'seed'> {
  /** Called after each batch. */
  readonly onProgress?: ((side: 'images' | 'reference', done: number) => void) | undefined;
}

/** Real images to compare with: features and moments that exist, or images to compute them from. */
export type ReferenceSource =
  | EvaluationReference
  | { readonly id: string; readonly images: EvaluationSource; readonly floor?: EvaluationReference['floor'] };

/**
 * Scores images with several metrics in one pass through one network.
 *
 * @param images - generated images `[N, H, W, C]`: float32 in [-1, 1], or bytes; all at once or in batches
 * @param reference - the real images; may be left out for metrics that need none (`is`, `diversity`)
 * @param options - `network`, `metrics`; the rest has defaults
 * @returns a receipt for each value, in the order of `metrics`
 * @throws {@link RangeError} for too few images, images of another shape, or an option out of range
 * @throws OnestepError `non-finite` for an image with NaN
 * @example
 * const network = lenetNetwork(await loadLenet('mnist'));
 * const [fd] = await evaluate(images, { id: 'mine', images: real }, { network, metrics: ['fd'] });
 */
export async function evaluate(
  images: EvaluationSource,
  reference: ReferenceSource | undefined,
  { onProgress, ...options }: EvaluateOptions,
): Promise<readonly Receipt[]> {
  const found = await collectFeatures(images, { ...options, onProgress: (done) => onProgress?.('images', done) });
  const real =
    reference === undefined || !('images' in reference)
      ? reference
      : await referenceOf(reference, {
          ...options,
          blocks: 1,
          onProgress: (done) => onProgress?.('reference', done),
        });
  return scoreFeatures(found, real, options);
}

async function referenceOf(
  { id, images, floor }: Extract<ReferenceSource, { readonly images: unknown }>,
  options: CollectOptions,
): Promise<EvaluationReference> {
  return { id, floor, features: await collectFeatures(images, { ...options, side: 'reference' }) };
}

/** True if a metric needs the real images themselves; for the others stored moments are enough. */
export function needsReferenceRows(metrics: readonly EvaluationMetric[]): boolean {
  return metrics.some((metric) => !isMomentMetric(metric) && metric !== 'is' && metric !== 'diversity');
}
