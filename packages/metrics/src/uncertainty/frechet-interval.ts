import { frechetDistance } from '../frechet/frechet-distance';
import type { GaussianMoments } from '../frechet/gaussian-moments';
import { MomentStatistics } from '../statistics/moment-statistics';
import { bootstrapInterval, type BootstrapInterval, type BootstrapOptions } from './bootstrap-interval';

/**
 * Bootstrap interval of a Frechet distance by blocks of images: blocks are drawn with replacement and their statistics
 * merged, so that memory holds one statistic per block and no features.
 *
 * @param blocks - statistics of the generated images, one per block; at least 2, better 20 or more, of equal counts
 *   of independent images
 * @param reference - statistics or moments of the real images, taken as they are
 * @param options - as for `bootstrapInterval`, but 100 resamples and `centred` by default
 * @returns the estimate is the distance of all images together
 * @throws {@link RangeError} if blocks do not fit each other or have different counts, or moments are not finite
 * @remarks A resample repeats blocks, so its covariance is that of fewer images and its distance higher: about as much
 *   as the score itself is above that of infinitely many images. `centred` removes it from the interval. Every resample
 *   costs a Frechet distance: 100 at 2048 dimensions take tens of minutes.
 * @see Kunsch 1989 for resampling by blocks
 */
export function frechetInterval(
  blocks: readonly MomentStatistics[],
  reference: MomentStatistics | GaussianMoments,
  { resamples = 100, method = 'centred', ...options }: BootstrapOptions = {},
): BootstrapInterval {
  if (blocks.length < 2) {
    throw new RangeError(`frechetInterval: needs at least 2 blocks, got ${blocks.length}.`);
  }
  const [{ dimension, range, bits, count }] = blocks;
  const odd = blocks.findIndex((block) => block.count !== count);
  if (odd >= 0) {
    throw new RangeError(
      `frechetInterval: block ${odd} has ${blocks[odd].count} images, block 0 has ${count}. Make blocks of equal counts.`,
    );
  }
  const moments = reference instanceof MomentStatistics ? reference.moments() : reference;
  const statistic = (indices: Uint32Array): number => {
    const merged = new MomentStatistics(dimension, { range, bits });
    for (const index of indices) merged.merge(blocks[index]);
    return frechetDistance(merged, moments);
  };
  return bootstrapInterval(blocks.length, statistic, { ...options, resamples, method });
}
