import { createReadStream } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { ReadEntry } from 'tar';
import type { Dataset } from '../dataset';
import { badData } from '../internal/checks';
import { cifar10Dataset } from '../sources/cifar10';
import { asUnreadable, contentHash, isGzip, readDataFile, readHead } from './files';
import { maxTarBytes, maxTarEntryBytes } from './limits';
import type { Split } from './open-options';

const files: Readonly<Record<Split, readonly string[]>> = {
  train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`),
  test: ['test_batch.bin'],
};

/** Name of the folder inside the published archive. */
export const cifar10Folder = 'cifar-10-batches-bin';

/** True if a folder with these files holds the binary CIFAR-10 set, whole or in part. */
export function isCifar10Folder(names: readonly string[]): boolean {
  return [...files.train, ...files.test].some((file) => names.includes(file));
}

/** Opens a folder with `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`. */
export async function openCifar10Folder(folder: string, names: readonly string[], split: Split): Promise<Dataset> {
  const parts = [];
  for (const file of files[split]) {
    if (!names.includes(file)) throw badData(`openDataset: ${folder} has no file ${file}.`, { folder, expected: file });
    const path = join(folder, file);
    parts.push({ name: path, bytes: await readDataFile(path, maxTarEntryBytes) });
  }
  return cifar10Dataset({ files: parts, id: identity(split, parts) });
}

/** Opens the same files inside a .tar or .tar.gz; nothing is written to disk, only their base names count. */
export async function openCifar10Tar(path: string, split: Split): Promise<Dataset> {
  const found = await readTarFiles(path, files[split]);
  const parts = files[split].map((file) => {
    const bytes = found.get(file);
    if (bytes === undefined) throw badData(`openDataset: ${path} holds no file ${file}.`, { path, expected: file });
    return { name: `${path}:${file}`, bytes };
  });
  return cifar10Dataset({ files: parts, id: identity(split, parts) });
}

function identity(split: Split, parts: readonly { readonly bytes: Uint8Array }[]): string {
  return `cifar10/${split}/${contentHash(parts.map(({ bytes }) => bytes))}`;
}

/** True for the first block of a tar file. */
export function isTar(head: Uint8Array): boolean {
  return head.length >= 262 && String.fromCharCode(...head.subarray(257, 262)) === 'ustar';
}

async function readTarFiles(path: string, wanted: readonly string[]): Promise<Map<string, Uint8Array>> {
  const { Parser } = await import('tar');
  const found = new Map<string, Uint8Array>();
  let problem: Error | undefined;
  const fail = (message: string): void => {
    problem ??= badData(`openDataset: ${path} ${message}.`, { path });
  };
  const collect = (entry: ReadEntry): void => {
    const name = basename(entry.path);
    if (!wanted.includes(name) || (entry.type !== 'File' && entry.type !== 'OldFile')) {
      entry.resume();
      return;
    }
    if (found.has(name)) fail(`holds ${name} twice`);
    if (entry.size > maxTarEntryBytes) {
      fail(`announces ${entry.size} bytes for ${name}, expected at most ${maxTarEntryBytes}`);
    }
    if (problem !== undefined) {
      entry.resume();
      return;
    }
    const chunks: Uint8Array[] = [];
    found.set(name, new Uint8Array(0));
    entry.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    entry.on('end', () => found.set(name, Buffer.concat(chunks)));
  };
  const parser = new Parser({ strict: true, brotli: false, zstd: false, onReadEntry: collect });
  parser.on('error', (error: Error) => fail(`is a damaged tar file (${error.message})`));

  let total = 0;
  const feed = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of source) {
      // The parser would unpack a second layer of gzip by itself, past the cap below.
      if (total === 0 && !isTar(chunk)) fail('does not hold a tar file');
      total += chunk.length;
      if (total > maxTarBytes) fail(`unpacks to more than ${maxTarBytes} bytes`);
      if (problem !== undefined) throw problem;
      // No waiting for a drain: wanted entries are kept in memory and the others flow away.
      parser.write(chunk);
    }
  };
  try {
    const gzip = isGzip(await readHead(path, 2));
    const input = createReadStream(path, { highWaterMark: 1 << 16 });
    if (gzip) await pipeline(input, createGunzip(), feed);
    else await pipeline(input, feed);
  } catch (error) {
    if (problem !== undefined) throw problem;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('Z_')) {
      throw badData(`openDataset: ${path} is a damaged gzip file (${message}).`, { path }, error);
    }
    throw asUnreadable(path, error);
  }
  await new Promise<void>((resolve) => {
    parser.on('end', resolve);
    parser.on('error', () => resolve());
    parser.end();
  });
  if (problem !== undefined) throw problem;
  return found;
}
