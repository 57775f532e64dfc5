import type { ImageSource } from '../lenet/image-batches';
import { lenetDistance, type LenetDistanceOptions } from '../lenet/lenet-distance';
import type { LenetDataset } from '../lenet/lenet-records';
import type { LenetReceipt } from '../receipt';
import type { MomentStatistics } from '../statistics/moment-statistics';
import { loadLenet, type LoadLenetOptions } from './load-lenet';

/** Options of {@link fdLenet}. */
export interface FdLenetOptions extends LenetDistanceOptions, LoadLenetOptions {
  /** The dataset whose real images are the reference. */
  readonly dataset: LenetDataset;
}

/**
 * FD-LeNet of generated images, with the weights and the statistics of this package.
 *
 * @param images - grey images in [-1, 1], 28 or 32 pixels wide, as one tensor or in batches; or their statistics
 * @param options - `dataset`; `split` (default `train`), `batchSize`, `compile`, `folder`
 * @returns a receipt with the score and its floor
 * @throws as `lenetDistance` and {@link loadLenet}
 * @example
 * const receipt = await fdLenet(images, { dataset: 'mnist' });
 * console.log(receipt.value, receipt.floor.value);
 */
export async function fdLenet(
  images: ImageSource | MomentStatistics,
  { dataset, folder, ...options }: FdLenetOptions,
): Promise<LenetReceipt> {
  return lenetDistance(await loadLenet(dataset, { folder }), images, options);
}
