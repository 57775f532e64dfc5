import { frechetDistance } from '../frechet/frechet-distance';
import { quantisation } from '../evaluate/byte-batches';
import { hashMoments } from '../evaluate/statistics-hash';
import { lenetPreprocessing } from '../features/lenet-network';
import { receiptVersion, type LenetReceipt } from '../receipt';
import type { MomentStatistics } from '../statistics/moment-statistics';
import type { ImageSource } from './image-batches';
import type { LenetModel } from './lenet-model';
import { lenetStatistics, type LenetFeatureOptions } from './lenet-statistics';
import { momentNotes } from '../statistics/moment-notes';
import { packageVersion } from '../version';

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
): Promise<LenetReceipt> {
  const statistics = 'moments' in images ? images : await lenetStatistics(model, images, options);
  if (statistics.count < 2) {
    throw new RangeError(`lenetDistance: needs at least 2 images, got ${statistics.count}.`);
  }
  const real = model.reference[split];
  const other = model.reference[split === 'train' ? 'test' : 'train'];
  return {
    version: receiptVersion,
    metric: 'FD-LeNet',
    better: 'lower',
    value: frechetDistance(statistics, real.statistics),
    samples: statistics.count,
    reference: {
      id: real.about.id,
      samples: real.statistics.count,
      statisticsSha256: await hashMoments(real.statistics),
    },
    featureNetwork: { name: `lenet-${model.dataset}`, sha256: model.weightsSha256 },
    preprocessing: lenetPreprocessing,
    quantisation,
    options: {},
    seed: 0,
    floor: {
      value: frechetDistance(other.statistics, real.statistics),
      id: other.about.id,
      samples: other.statistics.count,
    },
    flags: [
      ...(statistics.count < 2000
        ? ['under 2,000 samples: strongly biased, comparable only with as many samples']
        : []),
      ...momentNotes(statistics).map((note) => note.replace(/\.$/, '')),
    ],
    software: { name: '@onestep/metrics', version: packageVersion },
  };
}
