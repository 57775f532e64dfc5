import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OnestepError } from '@onestep/tensor';
import { cacheFolder } from './cache-folder';
import { fileSha256 } from './file-sha256';
import type { PublishedFile } from './published-weights';

/** Stops a server that never ends its answer from filling the disk; the largest published file has 528 MiB. */
export const maxDownloadBytes = 1024 ** 3;

/** How files are fetched. */
export interface FetchOptions {
  /** Folder that keeps them; default {@link cacheFolder}. */
  readonly cache?: string | undefined;
  /** Replaces the global `fetch`, for proxies and mirrors. */
  readonly fetch?: ((url: string) => Promise<Response>) | undefined;
  /** Told how many bytes have arrived, of how many if the server says so. */
  readonly onProgress?: ((file: string, bytes: number, total: number | undefined) => void) | undefined;
}

/**
 * The path of a published file: from the cache, or fetched over https once. A file is in the cache whole and with the right
 * sha256, or not at all.
 *
 * @returns path and full sha256
 * @throws OnestepError `bad-weight-file` if it cannot be fetched, is too large, or has another sha256; what was fetched is
 * deleted then, and the message says where to put a file fetched by hand
 */
export async function fetchWeights(
  published: PublishedFile,
  { cache = cacheFolder(), fetch: get = (url) => fetch(url), onProgress }: FetchOptions = {},
): Promise<{ readonly path: string; readonly sha256: string }> {
  const { file, url, sha256: expected } = published;
  if (!url.startsWith('https://')) throw new RangeError(`fetchWeights: ${url} is not an https address.`);
  const path = join(cache, file);
  if ((await stat(path).catch(() => undefined)) !== undefined) {
    const found = await fileSha256(path);
    if (found.startsWith(expected)) return { path, sha256: found };
    throw wrongHash(path, found, expected, 'Delete it to fetch it again.');
  }
  await mkdir(cache, { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.part`;
  try {
    const found = await download(published, temporary, get, onProgress);
    if (!found.startsWith(expected)) throw wrongHash(url, found, expected, 'Nothing was kept.');
    await rename(temporary, path);
    return { path, sha256: found };
  } catch (cause) {
    await rm(temporary, { force: true });
    if (cause instanceof OnestepError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OnestepError(
      'bad-weight-file',
      `fetchWeights: cannot fetch ${url}: ${reason}. Fetch it by hand and pass its path as weights, or put it at ${path}.`,
      { details: { url, path }, cause },
    );
  }
}

/** Writes the answer to a file, flushed to disk, and returns its sha256. */
async function download(
  { file, url }: PublishedFile,
  path: string,
  get: (url: string) => Promise<Response>,
  onProgress: FetchOptions['onProgress'],
): Promise<string> {
  const response = await get(url);
  if (!response.ok || response.body === null) throw new Error(`the server answers ${response.status}`);
  const announced = Number(response.headers.get('content-length') ?? NaN);
  const total = Number.isFinite(announced) ? announced : undefined;
  const hash = createHash('sha256');
  const out = await open(path, 'wx');
  try {
    let bytes = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > maxDownloadBytes) throw new Error(`the answer has more than ${maxDownloadBytes} bytes`);
      hash.update(chunk);
      await out.writeFile(chunk);
      onProgress?.(file, bytes, total);
    }
    await out.sync();
  } finally {
    await out.close();
  }
  return hash.digest('hex');
}

function wrongHash(what: string, found: string, expected: string, advice: string): OnestepError {
  const kind = expected.length === 64 ? expected : `${expected}...`;
  return new OnestepError('bad-weight-file', `fetchWeights: ${what} has sha256 ${found}, expected ${kind}. ${advice}`, {
    details: { what, found, expected },
  });
}
