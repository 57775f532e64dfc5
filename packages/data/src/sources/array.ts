import { checkInteger, checkRead } from '../internal/checks';
import { fingerprint } from '../internal/fingerprint';
import type { Dataset } from '../dataset';

/** What {@link arrayDataset} takes. */
export interface ArrayDatasetOptions {
  /** Identity of the dataset. */
  readonly id: string;
  /** N * H * W * C bytes, row-major, channels last; kept, not copied. */
  readonly images: Uint8Array;
  /** `[H, W, C]`, each at least 1. */
  readonly shape: readonly [number, number, number];
  /** N class numbers in [0, numClasses), or -1 for an image without one. */
  readonly labels?: ArrayLike<number> | undefined;
  /** Default: the largest label + 1, or 0 without labels. */
  readonly numClasses?: number | undefined;
  readonly labelNames?: readonly string[] | undefined;
}

/**
 * Makes a dataset of images that are in memory.
 *
 * @param options - pixels, shape, labels and id
 * @returns a synchronous dataset; it keeps the given arrays
 * @throws RangeError if the lengths disagree, there is no image, or a label is out of range
 */
export function arrayDataset({ id, images, shape, labels, numClasses, labelNames }: ArrayDatasetOptions): Dataset {
  const where = 'arrayDataset';
  ['height', 'width', 'channels'].forEach((name, i) => checkInteger(where, name, shape[i], 1));
  const pixels = shape[0] * shape[1] * shape[2];
  const length = images.length / pixels;
  if (!Number.isInteger(length) || length < 1) {
    throw new RangeError(
      `${where}: images must hold one or more whole images of ${pixels} bytes ([${shape.join(', ')}]), got ${images.length} bytes.`,
    );
  }
  if (labels !== undefined && labels.length !== length) {
    throw new RangeError(`${where}: labels must hold one number for each of ${length} images, got ${labels.length}.`);
  }
  const classes = numClasses ?? largestLabel(labels ?? []) + 1;
  checkInteger(where, 'numClasses', classes, 0);
  for (let i = 0; labels !== undefined && i < length; i += 1) {
    if (!Number.isInteger(labels[i]) || labels[i] < -1 || labels[i] >= classes) {
      throw new RangeError(`${where}: labels[${i}] must be an integer in [-1, ${classes}), got ${labels[i]}.`);
    }
  }
  return {
    id,
    length,
    shape,
    numClasses: classes,
    labelNames,
    read(index, out) {
      checkRead(where, length, index, pixels, out);
      out.set(images.subarray(index * pixels, (index + 1) * pixels));
      return labels === undefined ? -1 : labels[index];
    },
  };
}

function largestLabel(labels: ArrayLike<number>): number {
  let largest = -1;
  // Other values are left to the check of each label, which names the one at fault.
  for (let i = 0; i < labels.length; i += 1) if (Number.isInteger(labels[i])) largest = Math.max(largest, labels[i]);
  return largest;
}

/**
 * Selects images of a dataset by index; repeats are allowed.
 *
 * @param dataset - the source, still the owner of its files: closing either closes both
 * @param indices - at least one index in [0, dataset.length)
 * @returns a dataset of `indices.length` images; its id adds a fingerprint of the indices
 * @throws RangeError if there is no index or one is out of range
 */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  const chosen = Float64Array.from(indices);
  const outside = chosen.findIndex((index) => !Number.isInteger(index) || index < 0 || index >= dataset.length);
  if (chosen.length === 0) throw new RangeError('subset: indices must hold at least one index, got none.');
  if (outside >= 0) {
    throw new RangeError(
      `subset: indices[${outside}] must be an integer in [0, ${dataset.length}), got ${chosen[outside]}.`,
    );
  }
  return select(dataset, `${dataset.id}/subset-${fingerprint(chosen)}`, chosen.length, (i) => chosen[i]);
}

/**
 * Keeps the first images of a dataset.
 *
 * @param dataset - the source
 * @param count - integer in [1, dataset.length]
 * @returns a dataset of `count` images; its id ends in `/first-<count>`
 * @throws RangeError if `count` is out of range
 */
export function take(dataset: Dataset, count: number): Dataset {
  if (!Number.isInteger(count) || count < 1 || count > dataset.length) {
    throw new RangeError(`take: count must be an integer in [1, ${dataset.length}], got ${count}.`);
  }
  return select(dataset, `${dataset.id}/first-${count}`, count, (i) => i);
}

/**
 * Reads every image of a dataset once and keeps the bytes, so that files are decoded a single time.
 *
 * @param dataset - the source; it may be closed afterwards
 * @returns a synchronous dataset with the same id, holding length * H * W * C bytes
 */
export async function loadIntoMemory(dataset: Dataset): Promise<Dataset> {
  const { id, length, shape, numClasses, labelNames } = dataset;
  const pixels = shape[0] * shape[1] * shape[2];
  const images = new Uint8Array(length * pixels);
  const labels = new Int32Array(length);
  const readsAtOnce = 64;
  for (let start = 0; start < length; start += readsAtOnce) {
    const count = Math.min(readsAtOnce, length - start);
    const reads = Array.from({ length: count }, async (_, i) =>
      dataset.read(start + i, images.subarray((start + i) * pixels, (start + i + 1) * pixels)),
    );
    labels.set(await Promise.all(reads), start);
  }
  return arrayDataset({ id, images, shape, labels, numClasses, labelNames });
}

function select(dataset: Dataset, id: string, length: number, indexOf: (i: number) => number): Dataset {
  const { shape, numClasses, labelNames } = dataset;
  return {
    id,
    length,
    shape,
    numClasses,
    labelNames,
    read(index, out) {
      checkRead('subset', length, index, shape[0] * shape[1] * shape[2], out);
      return dataset.read(indexOf(index), out);
    },
    close: () => dataset.close?.(),
  };
}
