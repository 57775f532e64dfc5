import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OnestepError } from '../errors';
import type { HostTensor } from '../params/host-tensor';
import { readSafetensors, type SafetensorsFile } from '../safetensors/read-safetensors';
import { writeSafetensors } from '../safetensors/write-safetensors';

/**
 * Reads a safetensors file from disk; see {@link readSafetensors} for what is checked.
 *
 * @param path - file to read
 * @param options - `toFloat32`: convert F16, BF16 and F64; default false
 * @throws {@link OnestepError} `bad-weight-file`, naming the file
 */
export async function loadSafetensors(
  path: string,
  options: { readonly toFloat32?: boolean } = {},
): Promise<SafetensorsFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new OnestepError('bad-weight-file', `loadSafetensors: cannot read ${path}: ${reason(cause)}.`, {
      details: { path },
      cause,
    });
  }
  try {
    return readSafetensors(bytes, options);
  } catch (cause) {
    if (!(cause instanceof OnestepError)) throw cause;
    throw new OnestepError(cause.code, `${path}: ${cause.message}`, { details: { ...cause.details, path }, cause });
  }
}

/**
 * Writes a safetensors file that is there whole or not at all: to a temporary name beside it, flushed to disk, then
 * renamed. A file of that name stays untouched until the rename.
 *
 * @param path - file to write; its folder must exist
 * @param tensors - float32 and int32 tensors by name
 * @param metadata - strings by name
 */
export async function saveSafetensors(
  path: string,
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const bytes = writeSafetensors(tensors, metadata);
  const temporary = `${path}.${randomBytes(6).toString('hex')}.part`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
  await syncFolder(dirname(path));
}

/** Makes the rename itself durable, where the platform can. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
