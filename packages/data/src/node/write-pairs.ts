import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { writeSafetensorsHeader, type HostTensor } from '@onestep/tensor';
import { checkInteger } from '../internal/checks';
import type { PairsDescription } from '../pairs/pairs';
import { encodePairsMetadata, pairsMetadataProblem } from '../pairs/pairs-metadata';

/** Some pairs, in order: `noise` and `images` `[n, ...shape]`, and n class numbers (or -1) where there are classes. */
export interface PairsChunk {
  readonly noise: HostTensor;
  readonly images: HostTensor;
  readonly labels?: ArrayLike<number> | undefined;
}

/**
 * Writes pairs as they are made: one safetensors file with `images` and `noise` `[N, ...]` and, with classes, `labels [N]`.
 * It is there whole or not at all.
 *
 * @param path - of the file; its folder is made, an older file is replaced at the end
 * @param description - how many pairs there will be, their shape and origin
 * @param chunks - all pairs, in as many parts as fit the memory
 * @throws RangeError if the description is out of range, a chunk does not fit it, or there are not `length` pairs
 * @remarks The same pairs give the same bytes, however they are cut into chunks. Values are stored as float32, so that
 *   the student sees the very numbers the teacher saw.
 */
export async function writePairs(
  path: string,
  description: PairsDescription,
  chunks: Iterable<PairsChunk> | AsyncIterable<PairsChunk>,
): Promise<void> {
  const layout = layoutOf(description, '0'.repeat(64));
  const full = resolve(path);
  await mkdir(dirname(full), { recursive: true });
  const temporary = `${full}.${randomBytes(6).toString('hex')}.part`;
  try {
    const file = await open(temporary, 'wx');
    try {
      const content = await writeChunks(file, layout, description, chunks);
      await writeAt(file, layoutOf(description, content).head, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, full);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
}

/** Where everything lies. */
interface Layout {
  readonly head: Uint8Array;
  /** Numbers of one image. */
  readonly size: number;
  /** First bytes of the tensors, in the order of their names. */
  readonly images: number;
  readonly labels: number;
  readonly noise: number;
}

function layoutOf({ length, shape, numClasses, ...origin }: PairsDescription, content: string): Layout {
  const where = 'writePairs';
  checkInteger(where, 'length', length, 1);
  if (shape.length === 0) throw new RangeError(`${where}: shape must have at least one axis, got none.`);
  shape.forEach((extent, i) => checkInteger(where, `shape[${i}]`, extent, 1));
  const metadata = { ...origin, numClasses, content };
  const problem = pairsMetadataProblem(metadata);
  if (problem !== undefined) throw new RangeError(`${where}: ${problem}.`);
  const all = { dtype: 'float32', shape: [length, ...shape] } as const;
  const head = writeSafetensorsHeader(
    { images: all, noise: all, ...(numClasses > 0 ? { labels: { dtype: 'int32', shape: [length] } } : {}) },
    encodePairsMetadata(metadata),
  );
  const size = shape.reduce((product, extent) => product * extent, 1);
  const labels = head.length + 4 * length * size;
  return { head, size, images: head.length, labels, noise: labels + (numClasses > 0 ? 4 * length : 0) };
}

/** Writes the data behind the place of the header; the result is their hash. */
async function writeChunks(
  file: FileHandle,
  { size, images, labels, noise }: Layout,
  description: PairsDescription,
  chunks: Iterable<PairsChunk> | AsyncIterable<PairsChunk>,
): Promise<string> {
  const { length, numClasses } = description;
  const hash = createHash('sha256');
  let done = 0;
  for await (const chunk of chunks) {
    const count = checkChunk(chunk, description, done);
    const parts = { noise: bytesOf(chunk.noise.data), images: bytesOf(chunk.images.data) };
    const classes = numClasses > 0 ? bytesOf(Int32Array.from(chunk.labels ?? [])) : undefined;
    for (let i = 0; i < count; i += 1) {
      hash.update(parts.noise.subarray(4 * i * size, 4 * (i + 1) * size));
      hash.update(parts.images.subarray(4 * i * size, 4 * (i + 1) * size));
      if (classes !== undefined) hash.update(classes.subarray(4 * i, 4 * i + 4));
    }
    await writeAt(file, parts.images, images + 4 * done * size);
    await writeAt(file, parts.noise, noise + 4 * done * size);
    if (classes !== undefined) await writeAt(file, classes, labels + 4 * done);
    done += count;
  }
  if (done !== length) throw new RangeError(`writePairs: expected ${length} pairs, got ${done}.`);
  return hash.digest('hex');
}

function checkChunk(
  { noise, images, labels }: PairsChunk,
  { length, shape, numClasses }: PairsDescription,
  done: number,
): number {
  const count = images.shape[0];
  for (const [name, { shape: got, data }] of Object.entries({ images, noise })) {
    if (got.join() !== [count, ...shape].join() || !(data instanceof Float32Array)) {
      throw new RangeError(
        `writePairs: ${name} of a chunk must be float32 [${count}, ${shape.join(', ')}], got [${got.join(', ')}].`,
      );
    }
    const wrong = data.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) throw new RangeError(`writePairs: ${name} of a chunk must be finite, got ${data[wrong]}.`);
  }
  if (done + count > length) {
    throw new RangeError(`writePairs: expected ${length} pairs, got at least ${done + count}.`);
  }
  if ((labels?.length ?? 0) !== (numClasses > 0 ? count : 0)) {
    throw new RangeError(
      `writePairs: a chunk of ${count} pairs of ${numClasses} classes must have ${numClasses > 0 ? count : 0} labels, got ${labels?.length ?? 0}.`,
    );
  }
  const outside = Array.from(labels ?? []).find((label) => !isLabel(label, numClasses));
  if (outside !== undefined) {
    throw new RangeError(`writePairs: labels must be integers in -1 .. ${numClasses - 1}, got ${outside}.`);
  }
  return count;
}

/** True for the number of a class, or -1 for none. */
export function isLabel(label: number, numClasses: number): boolean {
  return Number.isInteger(label) && label >= -1 && label < numClasses;
}

function bytesOf({ buffer, byteOffset, byteLength }: HostTensor['data']): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
