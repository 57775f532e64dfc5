import { createHash } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, gunzip, gunzipSync } from 'node:zlib';
import { badData } from '../internal/checks';
import { maxDataFileBytes } from './limits';

/** First eight hex digits of the SHA-256 of the parts, one after the other. */
export function contentHash(parts: Iterable<Uint8Array | string>): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 8);
}

/** Reads a file that must exist and be smaller than `maxBytes`. */
export async function readDataFile(path: string, maxBytes = maxDataFileBytes): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) {
      throw badData(`openDataset: ${path} has ${size} bytes, expected at most ${maxBytes}.`, { path, size });
    }
    return await readFile(path);
  } catch (error) {
    throw asUnreadable(path, error);
  }
}

/** Reads up to `count` bytes from the start of a file. */
export async function readHead(path: string, count: number): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(count), 0, count, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw asUnreadable(path, error);
  }
}

/** Turns an error of the file system into one that names the path; passes Onestep's own through. */
export function asUnreadable(path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return error as Error;
  const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
  return badData(`openDataset: ${path} ${reason}.`, { path, code }, error);
}

/** True for the two bytes that begin a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Compressed bytes that {@link gunzipHead} looks at; they unpack to 17 MB at the very most. */
const headInputBytes = 16_384;

/** First bytes of a gzip file's content, as far as its first 16 KB go; empty if it is damaged. */
export function gunzipHead(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes.subarray(0, headInputBytes), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return new Uint8Array(0);
  }
}

const gunzipAsync = promisify(gunzip) as (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

/** Unpacks a gzip file, refusing to write more than `maxBytes`. */
export async function gunzipCapped(path: string, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  try {
    return await gunzipAsync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ERR_BUFFER_TOO_LARGE'
        ? `unpacks to more than the expected ${maxBytes} bytes`
        : `is a damaged gzip file (${message})`;
    throw badData(`openDataset: ${path} ${reason}.`, { path, maxBytes }, error);
  }
}
