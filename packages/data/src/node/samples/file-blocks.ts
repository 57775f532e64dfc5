import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

const blockBytes = 2 ** 20;

/** Reads a file from front to back in large blocks; `undefined` where it ends too early. */
export function blockReader(
  file: FileHandle,
  start = 0,
): { readonly read: (length: number) => Promise<Uint8Array | undefined> } {
  let block = new Uint8Array(0);
  let position = start;
  return {
    async read(length) {
      if (block.length < length) {
        const wanted = Math.max(length, blockBytes);
        const larger = new Uint8Array(wanted);
        larger.set(block);
        let filled = block.length;
        while (filled < wanted) {
          const { bytesRead } = await file.read(larger, filled, wanted - filled, position);
          if (bytesRead === 0) break;
          filled += bytesRead;
          position += bytesRead;
        }
        block = larger.subarray(0, filled);
      }
      if (block.length < length) return undefined;
      const bytes = block.subarray(0, length);
      block = block.subarray(length);
      return bytes;
    },
  };
}

/** Writes all bytes at a position. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

/** Collects small pieces and writes them in large ones, from `start` on. */
export function blockWriter(
  file: FileHandle,
  start: number,
): {
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Writes what is left; the result is where the last byte ends. */
  readonly flush: () => Promise<number>;
  readonly position: () => number;
} {
  let pieces: Uint8Array[] = [];
  let waiting = 0;
  let position = start;
  const flush = async (): Promise<number> => {
    const bytes = Buffer.concat(pieces);
    pieces = [];
    waiting = 0;
    await writeAt(file, bytes, position);
    position += bytes.length;
    return position;
  };
  return {
    async write(bytes) {
      pieces.push(bytes);
      waiting += bytes.length;
      if (waiting >= blockBytes) await flush();
    },
    flush,
    position: () => position + waiting,
  };
}

/** SHA-256 and length of a file of any size. */
export async function hashFile(path: string): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: blockBytes })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { sha256: hash.digest('hex'), bytes };
}

/** For `catch`: a value in place of a file that is not there; other errors pass. */
export function ifAbsent<T>(value: T): (error: unknown) => T {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value;
    throw error;
  };
}
