import { open, type FileHandle } from 'node:fs/promises';
import {
  hostTensor,
  OnestepError,
  readSafetensorsHeader,
  type HostTensor,
  type SafetensorsHeader,
} from '@onestep/tensor';
import { badData } from '../internal/checks';
import type { Pairs, PairsBatch, PairsDescription } from '../pairs/pairs';
import { parsePairsMetadata, type PairsMetadata } from '../pairs/pairs-metadata';
import { maxClasses, maxPairsHeaderBytes } from './limits';
import { isLabel } from './write-pairs';

/** Reads in flight at a time. */
const readsAtOnce = 64;

/**
 * Opens a file of pairs that `writePairs` made. Only its header is read; pairs are read when asked for.
 *
 * @param path - of the file
 * @returns the pairs; close them after use
 * @throws OnestepError `bad-data-file` if the file cannot be read, is no file of pairs, or is cut short; from `read`, if a
 *   label is out of range
 * @throws RangeError from `read`, if there is no index or one is out of range
 */
export async function openPairs(path: string): Promise<Pairs> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw badData(`openPairs: ${path} cannot be read: ${(cause as Error).message}.`, { path }, cause);
  });
  try {
    const header = await readHead(file, path);
    const metadata = parsePairsMetadata(path, header.metadata);
    return pairsOf(file, path, { metadata, layout: layoutOf(path, header, metadata) });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Where the tensors begin, and their size. */
interface Layout {
  readonly length: number;
  readonly shape: readonly number[];
  readonly images: number;
  readonly noise: number;
  readonly labels: number | undefined;
}

async function readHead(file: FileHandle, path: string): Promise<SafetensorsHeader> {
  const { size } = await file.stat();
  const head = await readAt(file, { path, position: 0, count: Math.min(size, 8 + maxPairsHeaderBytes) });
  const announced = head.length < 8 ? 0n : new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true);
  if (announced > BigInt(maxPairsHeaderBytes)) {
    throw badData(`openPairs: ${path} is no file of pairs: it announces a header of ${announced} bytes.`, { path });
  }
  try {
    return readSafetensorsHeader(head, size);
  } catch (cause) {
    if (!(cause instanceof OnestepError)) throw cause;
    throw badData(`openPairs: ${path} is damaged: ${cause.message}`, { path }, cause);
  }
}

function layoutOf(path: string, { entries }: SafetensorsHeader, { numClasses }: PairsMetadata): Layout {
  const refuse = (problem: string): never => {
    throw badData(`openPairs: ${path}: ${problem}.`, { path });
  };
  const expected = numClasses > 0 ? 'images, labels, noise' : 'images, noise';
  const names = entries.map(({ name }) => name).sort();
  if (names.join(', ') !== expected) refuse(`expected the tensors ${expected}, got ${names.slice(0, 8).join(', ')}`);
  const found = Object.fromEntries(entries.map((entry) => [entry.name, entry]));
  const { images, noise, labels } = found as Partial<typeof found>;
  if (images === undefined || noise === undefined) return refuse(`expected the tensors ${expected}`);
  const [length, ...shape] = images.shape;
  if (images.dtype !== 'F32' || noise.dtype !== 'F32') refuse('images and noise must be F32');
  if (noise.shape.join() !== images.shape.join()) {
    refuse(`images are [${images.shape.join(', ')}], but noise is [${noise.shape.join(', ')}]`);
  }
  if (shape.length === 0 || images.shape.some((extent) => extent < 1)) {
    refuse(`images must be [N, ...] with at least one pair, got [${images.shape.join(', ')}]`);
  }
  if (numClasses > maxClasses) refuse(`numClasses must be at most ${maxClasses}, got ${numClasses}`);
  if (labels !== undefined && (labels.dtype !== 'I32' || labels.shape.join() !== String(length))) {
    refuse(`labels must be I32 [${length}], got ${labels.dtype} [${labels.shape.join(', ')}]`);
  }
  return { length, shape, images: images.start, noise: noise.start, labels: labels?.start };
}

function pairsOf(
  file: FileHandle,
  path: string,
  { metadata, layout }: { readonly metadata: PairsMetadata; readonly layout: Layout },
): Pairs {
  const { content, ...origin } = metadata;
  const { length, shape } = layout;
  const description: PairsDescription = { ...origin, length, shape };
  return {
    ...description,
    id: `pairs/${origin.teacher.slice(0, 8)}/${content.slice(0, 8)}`,
    async read(indices) {
      const outside = Array.from(indices).find((i) => !Number.isInteger(i) || i < 0 || i >= length);
      if (outside !== undefined || indices.length === 0) {
        throw new RangeError(`openPairs: indices must be integers in [0, ${length}), got ${outside ?? 'none'}.`);
      }
      return readBatch(file, path, { indices: Uint32Array.from(indices), layout, numClasses: origin.numClasses });
    },
    close: () => file.close(),
  };
}

async function readBatch(
  file: FileHandle,
  path: string,
  {
    indices,
    layout: { shape, ...starts },
    numClasses,
  }: { readonly indices: Uint32Array; readonly layout: Layout; readonly numClasses: number },
): Promise<PairsBatch> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const batchSize = indices.length;
  const images = new Float32Array(batchSize * size);
  const noise = new Float32Array(batchSize * size);
  const oneHot = new Float32Array(batchSize * numClasses);
  const readRow = async (k: number): Promise<void> => {
    const row = async (out: Float32Array, start: number): Promise<void> => {
      const bytes = new Uint8Array(out.buffer, 4 * k * size, 4 * size);
      await readInto(file, bytes, { path, position: start + 4 * indices[k] * size });
    };
    await Promise.all([row(images, starts.images), row(noise, starts.noise)]);
    if (starts.labels === undefined) return;
    const bytes = await readAt(file, { path, position: starts.labels + 4 * indices[k], count: 4 });
    const label = new DataView(bytes.buffer, bytes.byteOffset, 4).getInt32(0, true);
    if (!isLabel(label, numClasses)) {
      throw badData(`openPairs: pair ${indices[k]} of ${path} has label ${label}, expected -1 .. ${numClasses - 1}.`, {
        path,
        index: indices[k],
        label,
      });
    }
    if (label >= 0) oneHot[k * numClasses + label] = 1;
  };
  for (let first = 0; first < batchSize; first += readsAtOnce) {
    const count = Math.min(readsAtOnce, batchSize - first);
    await Promise.all(Array.from({ length: count }, (_, i) => readRow(first + i)));
  }
  const tensor = (data: Float32Array): HostTensor => hostTensor(data, [batchSize, ...shape]);
  return {
    images: tensor(images),
    pairNoise: tensor(noise),
    labels: numClasses === 0 ? undefined : hostTensor(oneHot, [batchSize, numClasses]),
    indices,
  };
}

async function readAt(
  file: FileHandle,
  { count, ...at }: { readonly path: string; readonly position: number; readonly count: number },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  await readInto(file, bytes, at);
  return bytes;
}

async function readInto(
  file: FileHandle,
  bytes: Uint8Array,
  { path, position }: { readonly path: string; readonly position: number },
): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0)
      throw badData(`openPairs: ${path} ends at byte ${position + done}; it is cut short.`, { path });
    done += bytesRead;
  }
}
