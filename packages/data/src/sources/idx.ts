import { badData } from '../internal/checks';
import type { Dataset } from '../dataset';
import { arrayDataset } from './array';

/** Bytes of an IDX file with their dimensions. */
export interface IdxArray {
  /** One to four dimensions, the first one counts the items. */
  readonly shape: readonly number[];
  /** Row-major; a view of the bytes that were parsed. */
  readonly data: Uint8Array;
}

/** Element types of the format; only the first is used by MNIST-like data. */
const elementTypes: Readonly<Record<number, string>> = {
  0x08: 'unsigned byte',
  0x09: 'signed byte',
  0x0b: 'int16',
  0x0c: 'int32',
  0x0d: 'float32',
  0x0e: 'float64',
};

/** More dimensions than images with channels need announce another kind of file. */
const maxDimensions = 4;

/**
 * Reads an IDX file (the format of MNIST): two zero bytes, element type, number of dimensions, each dimension as a
 * big-endian uint32, then exactly their product in bytes.
 *
 * @param bytes - the whole file, not compressed
 * @param options - `name`: how errors call the file, default `IDX data`
 * @returns dimensions and a view of the data (no copy)
 * @throws OnestepError `bad-data-file` naming the offending byte and what was expected there
 */
export function parseIdx(bytes: Uint8Array, { name = 'IDX data' }: { readonly name?: string } = {}): IdxArray {
  const shape = parseIdxHeader(bytes, name);
  const offset = idxHeaderBytes(shape);
  const expected = offset + shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== expected) {
    const problem = bytes.length < expected ? 'is truncated' : 'has extra bytes at the end';
    throw badData(
      `parseIdx: ${name} ${problem}: got ${bytes.length} bytes, expected ${expected} for dimensions [${shape.join(', ')}].`,
      { name, bytes: bytes.length, expected, shape },
    );
  }
  return { shape, data: bytes.subarray(offset) };
}

/** Length of an IDX header with these dimensions. */
export function idxHeaderBytes(shape: readonly number[]): number {
  return 4 + 4 * shape.length;
}

/** Reads the dimensions alone; `bytes` may end anywhere after the header. */
export function parseIdxHeader(bytes: Uint8Array, name: string): readonly number[] {
  if (bytes.length < 4) {
    throw badData(`parseIdx: ${name} is truncated: got ${bytes.length} bytes, expected a header of at least 4.`, {
      name,
    });
  }
  for (const position of [0, 1]) {
    if (bytes[position] !== 0) {
      throw badData(
        `parseIdx: ${name} is not an IDX file: byte ${position} of the magic number is ${hex(bytes[position])}, expected 0x00.`,
        { name, position },
      );
    }
  }
  if (bytes[2] !== 0x08) {
    const known = elementTypes[bytes[2]];
    throw badData(
      `parseIdx: ${name}: byte 2 (element type) is ${hex(bytes[2])}${known === undefined ? '' : ` (${known})`}, expected 0x08 (unsigned byte).`,
      { name, position: 2 },
    );
  }
  const dimensions = bytes[3];
  if (dimensions < 1 || dimensions > maxDimensions) {
    throw badData(
      `parseIdx: ${name}: byte 3 (number of dimensions) is ${dimensions}, expected 1 to ${maxDimensions}.`,
      { name, position: 3 },
    );
  }
  if (bytes.length < 4 + 4 * dimensions) {
    throw badData(
      `parseIdx: ${name} is truncated: got ${bytes.length} bytes, expected a header of ${4 + 4 * dimensions} for ${dimensions} dimensions.`,
      { name },
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: dimensions }, (_, i) => {
    const size = view.getUint32(4 + 4 * i);
    if (size === 0) {
      throw badData(
        `parseIdx: ${name}: dimension ${i} (bytes ${4 + 4 * i} to ${7 + 4 * i}) is 0, expected at least 1.`,
        {
          name,
          position: 4 + 4 * i,
        },
      );
    }
    return size;
  });
}

/** What {@link idxDataset} takes. */
export interface IdxDatasetOptions {
  /** An IDX file of `[N, H, W]` or `[N, H, W, C]` unsigned bytes, not compressed. */
  readonly images: Uint8Array;
  /** An IDX file of `[N]` class numbers; left out, the dataset has no labels. */
  readonly labels?: Uint8Array | undefined;
  /** Identity of the dataset. */
  readonly id: string;
  /** Number of classes; default: the largest label + 1. */
  readonly numClasses?: number | undefined;
  readonly labelNames?: readonly string[] | undefined;
  /** How errors call the two files. */
  readonly names?: { readonly images: string; readonly labels: string } | undefined;
}

/**
 * Makes a dataset of MNIST-like files that are in memory.
 *
 * @param options - the two files and the id
 * @returns a synchronous dataset over views of the given bytes (no copy)
 * @throws OnestepError `bad-data-file` if a file is malformed, the counts differ or a label is out of range
 */
export function idxDataset({ images, labels, id, numClasses, labelNames, names }: IdxDatasetOptions): Dataset {
  const imagesName = names?.images ?? 'images';
  const labelsName = names?.labels ?? 'labels';
  const pixels = parseIdx(images, { name: imagesName });
  const [count, height, width, channels = 1] = pixels.shape;
  if (pixels.shape.length < 3) {
    throw badData(
      `idxDataset: ${imagesName} has dimensions [${pixels.shape.join(', ')}], expected [N, H, W] or [N, H, W, C].`,
      { name: imagesName, shape: pixels.shape },
    );
  }
  const shape = [height, width, channels] as const;
  if (labels === undefined) return arrayDataset({ id, images: pixels.data, shape });

  const classes = parseIdx(labels, { name: labelsName });
  if (classes.shape.length !== 1 || classes.shape[0] !== count) {
    throw badData(
      `idxDataset: ${labelsName} has dimensions [${classes.shape.join(', ')}], expected [${count}] as ${imagesName} holds ${count} images.`,
      { name: labelsName, shape: classes.shape, expected: [count] },
    );
  }
  const known = numClasses ?? classes.data.reduce((largest, label) => Math.max(largest, label), 0) + 1;
  const outside = classes.data.findIndex((label) => label >= known);
  if (outside >= 0) {
    throw badData(
      `idxDataset: ${labelsName}: byte ${8 + outside} (label of image ${outside}) is ${classes.data[outside]}, expected below ${known}.`,
      { name: labelsName, position: 8 + outside },
    );
  }
  return arrayDataset({ id, images: pixels.data, shape, labels: classes.data, numClasses: known, labelNames });
}

const hex = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`;
