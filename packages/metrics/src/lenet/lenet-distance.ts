import { frechetDistance } from '../frechet/frechet-distance';
import type { Receipt } from '../receipt';
import type { MomentStatistics } from '../statistics/moment-statistics';
import type { ImageSource } from './image-batches';
import type { LenetModel } from './lenet-model';
import { lenetStatistics, type LenetFeatureOptions } from './lenet-statistics';

/** Options of {@link lenetDistance}. */
export interface LenetDistanceOptions extends LenetFeatureOptions {
  /** The real images: the 60,000 of `train` (default) or the 10,000 of `test`. */
  readonly split?: 'train' | 'test' | undefined;
}

/**
 * FD-LeNet: Frechet distance between generated and real images in the features of a small classifier trained on the
 * same dataset.
 *
 * @param model - from `loadLenet`
 * @param images - at least 2 generated images as {@link lenetStatistics} takes them, or their statistics (merged shards)
 * @param options - `split`, `batchSize`, `compile`
 * @returns a receipt; its floor is the score of the real images of the other split
 * @throws {@link RangeError} if the images have another shape or there are fewer than 2
 * @throws OnestepError `non-finite` for an image with NaN
 * @remarks Not FID: other features, another scale, comparable only with FD-LeNet of the same dataset, weights and
 * number of samples. Fewer samples score higher; below 64 the covariance is singular.
 */
export async function lenetDistance(
  model: LenetModel,
  images: ImageSource | MomentStatistics,
  { split = 'train', ...options }: LenetDistanceOptions = {},
): Promise<Receipt> {
  const statistics = 'moments' in images ? images : await lenetStatistics(model, images, options);
  if (statistics.count < 2) {
    throw new RangeError(`lenetDistance: needs at least 2 images, got ${statistics.count}.`);
  }
  const real = model.reference[split];
  const other = model.reference[split === 'train' ? 'test' : 'train'];
  return {
    metric: 'FD-LeNet',
    value: frechetDistance(statistics, real.statistics),
    samples: statistics.count,
    reference: { id: real.about.id, samples: real.statistics.count },
    featureNetwork: { name: `lenet-${model.dataset}`, sha256: model.weightsSha256 },
    preprocessing: 'clipped to [-1, 1], rounded to 256 levels, padded to 32 x 32 with -1',
    floor: {
      value: frechetDistance(other.statistics, real.statistics),
      id: other.about.id,
      samples: other.statistics.count,
    },
  };
}
