import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { OnestepError, readSafetensors, readTorchFile } from '@onestep/tensor';
import type { WeightRecord } from '../weights/check-weights';
import { fetchWeights, type FetchOptions } from './fetch-weights';
import type { PublishedFile } from './published-weights';

/** Tensors of a weight file and its sha256. */
export interface WeightFile {
  readonly weights: WeightRecord;
  readonly sha256: string;
}

/** Where weights come from and how they are made sure of. */
export interface WeightSource {
  /** A `.pth` or `.safetensors` file; undefined: the published one, from the cache or fetched. */
  readonly path: string | undefined;
  /** The sha256 the file must have, or its beginning (8 digits at least). */
  readonly sha256?: string | undefined;
  readonly published: PublishedFile;
  /** Tensors that are not needed are not decoded. */
  readonly include: (name: string) => boolean;
}

/**
 * Reads weights of a PyTorch or safetensors file, by content and not by name.
 *
 * @throws RangeError for a sha256 that is none
 * @throws OnestepError `bad-weight-file` naming the path: unreadable, another sha256, or damaged
 */
export async function readWeights(
  { path: given, sha256: expected, published, include }: WeightSource,
  options: FetchOptions,
): Promise<WeightFile> {
  if (expected !== undefined && !/^[0-9a-f]{8,64}$/.test(expected)) {
    throw new RangeError(`readWeights: sha256 must be 8 to 64 lower-case hexadecimal digits, got "${expected}".`);
  }
  const path = given ?? (await fetchWeights(published, options)).path;
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw bad(path, 'cannot be read', cause);
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (expected !== undefined && !sha256.startsWith(expected)) {
    throw bad(path, `has sha256 ${sha256}, expected ${expected}`);
  }
  try {
    const isTorch = (bytes[0] === 0x50 && bytes[1] === 0x4b) || bytes[0] === 0x80;
    // A safetensors header may begin with any byte, but its ninth is the brace that opens the header.
    const weights = isTorch && bytes[8] !== 0x7b ? readTorchFile(bytes, { include }) : wanted(bytes, include);
    return { weights, sha256 };
  } catch (cause) {
    if (!(cause instanceof OnestepError)) throw cause;
    throw new OnestepError(cause.code, `${path}: ${cause.message}`, { details: { ...cause.details, path }, cause });
  }
}

function wanted(bytes: Uint8Array, include: (name: string) => boolean): WeightRecord {
  const { tensors } = readSafetensors(bytes, { toFloat32: true });
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => include(name)));
}

function bad(path: string, problem: string, cause?: unknown): OnestepError {
  return new OnestepError('bad-weight-file', `readWeights: ${path} ${problem}.`, { details: { path }, cause });
}
