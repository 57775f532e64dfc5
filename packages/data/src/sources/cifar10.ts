import { badData } from '../internal/checks';
import type { Dataset } from '../dataset';
import { arrayDataset } from './array';

const side = 32;
const channels = 3;
const planeBytes = side * side;
const recordBytes = 1 + channels * planeBytes;

/** Names of the ten classes, in the order of their labels. */
export const cifar10LabelNames: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];

/** Images and labels of CIFAR-10 records. */
export interface Cifar10Records {
  /** N * 32 * 32 * 3 bytes, channels last (the file has whole colour planes). */
  readonly images: Uint8Array;
  /** N labels in [0, 10). */
  readonly labels: Uint8Array;
}

/**
 * Reads a file of the binary CIFAR-10 set: records of one label byte and 3,072 bytes, red, green, blue plane.
 *
 * @param bytes - the whole file, one or more records
 * @param options - `name`: how errors call the file, default `CIFAR-10 data`
 * @returns copies of the pixels, channels last, and the labels
 * @throws OnestepError `bad-data-file` if the size is no multiple of 3,073 or a label is not in [0, 10)
 */
export function parseCifar10(
  bytes: Uint8Array,
  { name = 'CIFAR-10 data' }: { readonly name?: string } = {},
): Cifar10Records {
  const count = Math.floor(bytes.length / recordBytes);
  const extra = bytes.length - count * recordBytes;
  if (count === 0 || extra !== 0) {
    throw badData(
      `parseCifar10: ${name} has ${bytes.length} bytes, expected a positive multiple of ${recordBytes}` +
        (count === 0 ? '.' : `: record ${count}, from byte ${count * recordBytes}, has ${extra} bytes.`),
      { name, bytes: bytes.length },
    );
  }
  const images = new Uint8Array(count * channels * planeBytes);
  const labels = new Uint8Array(count);
  for (let record = 0; record < count; record += 1) {
    const start = record * recordBytes;
    labels[record] = bytes[start];
    if (bytes[start] >= cifar10LabelNames.length) {
      throw badData(
        `parseCifar10: ${name}: byte ${start} (label of record ${record}) is ${bytes[start]}, expected 0 to 9.`,
        { name, position: start },
      );
    }
    const target = record * channels * planeBytes;
    for (let channel = 0; channel < channels; channel += 1) {
      const plane = start + 1 + channel * planeBytes;
      for (let i = 0; i < planeBytes; i += 1) images[target + i * channels + channel] = bytes[plane + i];
    }
  }
  return { images, labels };
}

/**
 * Makes a dataset of CIFAR-10 files that are in memory.
 *
 * @param options - `files`: the binary files in order, with the names errors use; `id`: identity of the dataset
 * @returns a synchronous dataset of 32 x 32 x 3 images in ten classes
 * @throws OnestepError `bad-data-file` as {@link parseCifar10}
 */
export function cifar10Dataset({
  files,
  id,
}: {
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly id: string;
}): Dataset {
  const parts = files.map(({ name, bytes }) => parseCifar10(bytes, { name }));
  const count = parts.reduce((sum, part) => sum + part.labels.length, 0);
  const images = new Uint8Array(count * channels * planeBytes);
  const labels = new Uint8Array(count);
  let start = 0;
  for (const part of parts) {
    images.set(part.images, start * channels * planeBytes);
    labels.set(part.labels, start);
    start += part.labels.length;
  }
  const labelNames = cifar10LabelNames;
  return arrayDataset({ id, images, shape: [side, side, channels], labels, numClasses: labelNames.length, labelNames });
}
