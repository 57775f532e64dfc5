import { hostTensor } from '@onestep/tensor';
import type { ImageModel } from './image-model';
import { sampleImages, type ImageBatch, type SampleImagesOptions } from './sample-images';

/** Options of {@link sampleRange}: those of `sampleImages`, with a range in place of a count. */
export type SampleRangeOptions<Options> = Omit<SampleImagesOptions<Options>, 'count' | 'indices' | 'onBatch'> & {
  /** First image, and the one after the last. */
  readonly from: number;
  readonly to: number;
};

/**
 * Samples images `from` to `to - 1` of an endless stream, batch by batch.
 *
 * The model only ever sees the batches [0, B), [B, 2B), ... of the whole stream, each of full size: images outside the
 * range are computed with their batch and dropped. So image i has the same bits whatever the range: the shapes that a backend
 * rounds by change neither with shards nor interruptions nor the last batch. Samplers with `couplesBatch` see one image at a time.
 *
 * @yields batches in order; the first and the last may be short
 * @throws RangeError at the first `next()`, if the range is none
 * @remarks Another `batchSize` may change the last bits where rounding depends on it (compiled networks, GPUs). Memory does not
 * grow with the range.
 */
export async function* sampleRange<Options = object>(
  options: SampleRangeOptions<Options> & ImageModel,
): AsyncGenerator<ImageBatch, void, undefined> {
  const { from, to, batchSize = 64 } = options;
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from) {
    throw new RangeError(`sampleRange: expected integers 0 <= from <= to, got from ${from} and to ${to}.`);
  }
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`sampleRange: batchSize must be an integer >= 1, got ${batchSize}.`);
  }
  const isCoupled = options.sampler.couplesBatch === true;
  for (let start = from - (from % batchSize); start < to; start += batchSize) {
    const [first, end] = [Math.max(from, start), Math.min(to, start + batchSize)];
    const [low, high] = isCoupled ? [first, end] : [start, start + batchSize];
    const indices = Array.from({ length: high - low }, (_, i) => low + i);
    for await (const batch of sampleImages({ ...options, batchSize, indices })) {
      yield slice(batch, first - low, end - low);
    }
  }
}

function slice({ indices, images, nfe }: ImageBatch, first: number, end: number): ImageBatch {
  const size = images.data.length / indices.length;
  const data = new Float32Array(images.data.slice(first * size, end * size));
  return { indices: indices.slice(first, end), images: hostTensor(data, [end - first, ...images.shape.slice(1)]), nfe };
}
