import { hostTensor, toTensor, type Tensor2D, type Tensor4D } from '@onestep/tensor';
import { augmentImages } from '../augment/augment-images';
import type { ImageAugmentation } from '../augment/draw-augmentation';
import type { Batch, Dataset, HostBatch } from '../dataset';
import { badData } from '../internal/checks';
import { flipHorizontally } from './flips';
import { fromBytes } from './pixels';

/** Optional parts of a batch. */
export interface BatchOptions {
  /** One value per image, from `drawFlips`: 1 mirrors it left to right. Default: no mirroring. */
  readonly flips?: Uint8Array | undefined;
  /** One entry per image, from `drawAugmentation`, applied after the flips. Default: no augmentation, and no labels of one. */
  readonly augmentation?: readonly ImageAugmentation[] | undefined;
}

/** Reads in flight at a time, for datasets that decode files. */
const readsAtOnce = 64;

/**
 * Reads a batch into host memory.
 *
 * @param dataset - the source
 * @param indices - dataset indices, at least one, in [0, dataset.length)
 * @param options - `flips` and `augmentation`, as long as `indices`
 * @returns `[B, H, W, C]` float32 images in [-1, 1] and one-hot `[B, numClasses]` labels (a row of zeros for label -1); with
 *   `augmentation` its labels `[B, 9]` too, as {@link augmentImages} makes them
 * @throws RangeError if `indices` is empty, an index is out of range or the lengths differ
 * @throws OnestepError `bad-data-file` if a file cannot be read or a label is out of range
 */
export async function makeHostBatch(
  dataset: Dataset,
  indices: ArrayLike<number>,
  { flips, augmentation }: BatchOptions = {},
): Promise<HostBatch> {
  const { length, shape, numClasses } = dataset;
  const batchSize = indices.length;
  const outside = Array.prototype.findIndex.call(indices, (i: number) => !Number.isInteger(i) || i < 0 || i >= length);
  if (batchSize === 0) throw new RangeError('makeHostBatch: indices must hold at least one index, got none.');
  if (outside >= 0) {
    throw new RangeError(
      `makeHostBatch: indices[${outside}] must be an integer in [0, ${length}), got ${indices[outside]}.`,
    );
  }
  if (flips !== undefined && flips.length !== batchSize) {
    throw new RangeError(`makeHostBatch: flips must hold ${batchSize} values, got ${flips.length}.`);
  }
  if (augmentation !== undefined && augmentation.length !== batchSize) {
    throw new RangeError(`makeHostBatch: augmentation must hold ${batchSize} entries, got ${augmentation.length}.`);
  }
  const pixels = shape[0] * shape[1] * shape[2];
  const bytes = new Uint8Array(batchSize * pixels);
  const image = (i: number): Uint8Array => bytes.subarray(i * pixels, (i + 1) * pixels);
  const oneHot = new Float32Array(batchSize * numClasses);

  for (let start = 0; start < batchSize; start += readsAtOnce) {
    const count = Math.min(readsAtOnce, batchSize - start);
    const labels = await Promise.all(
      Array.from({ length: count }, async (_, i) => dataset.read(indices[start + i], image(start + i))),
    );
    labels.forEach((label, i) => {
      if (numClasses === 0 || label === -1) return;
      if (!Number.isInteger(label) || label < 0 || label >= numClasses) {
        throw badData(
          `makeHostBatch: image ${indices[start + i]} of ${dataset.id} has label ${label}, expected -1 to ${numClasses - 1}.`,
          { index: indices[start + i], label, numClasses },
        );
      }
      oneHot[(start + i) * numClasses + label] = 1;
    });
  }
  flips?.forEach((flip, i) => {
    if (flip !== 0) flipHorizontally(image(i), shape);
  });
  const images = hostTensor(fromBytes(bytes), [batchSize, ...shape]);
  const augmented = augmentation === undefined ? undefined : augmentImages(images, augmentation);
  return {
    images: augmented?.images ?? images,
    labels: numClasses === 0 ? undefined : hostTensor(oneHot, [batchSize, numClasses]),
    ...(augmented === undefined ? {} : { augment: augmented.labels }),
    indices: Uint32Array.from(indices),
  };
}

/**
 * Reads a batch and uploads it to the current backend.
 *
 * @param dataset - the source
 * @param indices - dataset indices, as {@link makeHostBatch}
 * @param options - `flips` and `augmentation`, as long as `indices`
 * @returns tensors that the caller disposes
 * @throws as {@link makeHostBatch}
 */
export async function makeBatch(
  dataset: Dataset,
  indices: ArrayLike<number>,
  options: BatchOptions = {},
): Promise<Batch> {
  const host = await makeHostBatch(dataset, indices, options);
  return {
    images: toTensor(host.images) as Tensor4D,
    labels: host.labels === undefined ? undefined : (toTensor(host.labels) as Tensor2D),
    ...(host.augment === undefined ? {} : { augment: toTensor(host.augment) as Tensor2D }),
    indices: host.indices,
  };
}
