import type { Entry, ZipFile } from 'yauzl';
import { badData } from '../internal/checks';
import { crc32 } from '../internal/crc32';
import { npyHeadBytes, parseNpyHeader, type NpyHeader } from '../internal/npy-parse';
import { asUnreadable, contentHash } from './files';
import { maxDataFileBytes } from './limits';

/** Most arrays of an archive: a huge central directory would exhaust memory. */
const maxArrays = 1024;

/** An array of an archive. */
export interface NpzArray {
  /** Without `.npy`. */
  readonly name: string;
  /** As NumPy writes it: `|u1`, `<f4`, `<f8`, `<i4`, `<i8`. */
  readonly type: NpyHeader['descr'];
  readonly shape: readonly number[];
}

/** Rows of an array along its first axis. */
export interface NpzRows {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** A NumPy archive whose headers have been read. */
export interface NpzFile {
  readonly path: string;
  readonly arrays: readonly NpzArray[];
  /** Of names, sizes and CRC-32. */
  readonly hash: string;
  /**
   * Reads an array of float32 or float64 numbers as a whole.
   *
   * @throws OnestepError `bad-data-file` if it is not there, of another type, damaged or above 2^31 bytes
   */
  numbers(name: string): Promise<{ readonly shape: readonly number[]; readonly data: Float64Array }>;
  /**
   * Reads rows of an array of bytes as they come, without holding the array.
   *
   * @param options - rows `from` to `to` (default all), `size` at a time; reading all of them checks the CRC-32
   * @throws OnestepError `bad-data-file` if it is not there, of another type, or damaged
   */
  rows(
    name: string,
    options: { readonly from?: number; readonly to?: number; readonly size: number },
  ): AsyncGenerator<NpzRows, void, undefined>;
  close(): void;
}

/**
 * Opens a NumPy archive, compressed or not: reads the header of every array and nothing more.
 *
 * @param path - of the `.npz`
 * @throws OnestepError `bad-data-file` naming the array, for a damaged or truncated archive, a header above 16 KB, a shape
 * that does not fit the bytes, Fortran order, or values other than numbers: pickled objects are never read
 */
export async function openNpz(path: string): Promise<NpzFile> {
  const { default: yauzl } = await import('yauzl');
  const zip = await yauzl
    .openPromise(path, { autoClose: false, strictFileNames: true })
    .catch((error: unknown) => Promise.reject(damaged(path, error)));
  try {
    const found = await readHeaders(path, zip);
    const described = [...found.values()].map(
      ({ entry: { fileName, uncompressedSize, crc32: sum } }) => `${fileName}\0${uncompressedSize}\0${sum}\n`,
    );
    const arrayOf = (name: string, types: readonly string[]): Found => {
      const array = found.get(name);
      if (array === undefined) {
        throw badData(`openNpz: ${path} has no array "${name}", it holds ${[...found.keys()].join(', ') || 'none'}.`, {
          path,
          name,
        });
      }
      if (!types.includes(array.header.descr)) {
        throw badData(
          `openNpz: ${path}: "${name}" holds values of type ${array.header.descr}, expected ${types.join(' or ')}.`,
          { path, name },
        );
      }
      return array;
    };
    return {
      path,
      arrays: [...found].map(([name, { header }]) => ({ name, type: header.descr, shape: header.shape })),
      hash: contentHash(described.sort()),
      numbers: async (name) => readNumbers(path, zip, name, arrayOf(name, ['<f4', '<f8'])),
      rows: (name, options) => readRows(path, zip, name, arrayOf(name, ['|u1']), options),
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

interface Found {
  readonly entry: Entry;
  readonly header: NpyHeader;
}

async function readHeaders(path: string, zip: ZipFile): Promise<ReadonlyMap<string, Found>> {
  if (zip.entryCount > maxArrays) {
    throw badData(`openNpz: ${path} has ${zip.entryCount} arrays, expected at most ${maxArrays}.`, { path });
  }
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) if (entry.fileName.endsWith('.npy')) entries.push(entry);
  } catch (error) {
    throw damaged(path, error);
  }
  const found = new Map<string, Found>();
  for (const entry of entries) {
    const { fileName, uncompressedSize } = entry;
    const name = fileName.slice(0, -'.npy'.length);
    if (found.has(name)) throw badData(`openNpz: ${path} holds "${name}" twice.`, { path, name });
    if (entry.isEncrypted()) throw badData(`openNpz: ${path}: "${name}" is encrypted.`, { path, name });
    const header = parseNpyHeader(await readHead(path, zip, entry));
    if (typeof header === 'string') throw badData(`openNpz: ${path}: "${name}" ${header}.`, { path, name });
    const { headerBytes, dataBytes, shape, descr } = header;
    if (headerBytes + dataBytes !== uncompressedSize) {
      throw badData(
        `openNpz: ${path}: "${name}" of shape [${shape.join(', ')}] and type ${descr} takes ${dataBytes} bytes, ` +
          `the file has ${uncompressedSize - headerBytes}.`,
        { path, name, shape },
      );
    }
    found.set(name, { entry, header });
  }
  return found;
}

async function readHead(path: string, zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks(path, zip, entry)) {
    parts.push(chunk);
    length += chunk.length;
    if (length >= npyHeadBytes) break;
  }
  return Buffer.concat(parts).subarray(0, npyHeadBytes);
}

/** The unpacked bytes of an array; leaving early ends the stream. */
async function* chunks(path: string, zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of await zip.openReadStreamPromise(entry)) yield chunk as Uint8Array;
  } catch (error) {
    throw damaged(`${path}: ${entry.fileName}`, error);
  }
}

async function readNumbers(
  path: string,
  zip: ZipFile,
  name: string,
  { entry, header }: Found,
): Promise<{ readonly shape: readonly number[]; readonly data: Float64Array }> {
  const { headerBytes, dataBytes, descr, shape } = header;
  if (dataBytes > maxDataFileBytes) {
    throw badData(`openNpz: ${path}: "${name}" takes ${dataBytes} bytes, expected at most ${maxDataFileBytes}.`, {
      path,
    });
  }
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks(path, zip, entry)) parts.push(chunk);
  const bytes = Buffer.concat(parts);
  checkSum(path, name, crc32(bytes), entry);
  const view = new DataView(bytes.buffer, bytes.byteOffset + headerBytes, dataBytes);
  const width = descr === '<f4' ? 4 : 8;
  const read = (i: number): number => (width === 4 ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true));
  return { shape, data: Float64Array.from({ length: dataBytes / width }, (_, i) => read(i)) };
}

async function* readRows(
  path: string,
  zip: ZipFile,
  name: string,
  { entry, header }: Found,
  { from = 0, to, size }: { readonly from?: number; readonly to?: number; readonly size: number },
): AsyncGenerator<NpzRows, void, undefined> {
  const [count = 0, ...row] = header.shape;
  const end = to ?? count;
  const rowBytes = row.reduce((product, extent) => product * extent, 1);
  for (const [option, value, low] of [['from', from, 0], ['to', end, from], ['size', size, 1]] as const) {
    const high = option === 'size' ? Number.MAX_SAFE_INTEGER : count;
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new RangeError(`openNpz: ${option} must be an integer in [${low}, ${high}], got ${value}.`);
    }
  } // prettier-ignore
  let skip = header.headerBytes + from * rowBytes;
  let left = (end - from) * rowBytes;
  let batch = new Uint8Array(Math.min(size * rowBytes, left));
  let filled = 0;
  let sum: number | undefined;
  for await (const chunk of chunks(path, zip, entry)) {
    sum = sum === undefined ? crc32(chunk) : crc32(chunk, sum);
    let at = Math.min(skip, chunk.length);
    skip -= at;
    while (at < chunk.length && left > 0) {
      const taken = Math.min(chunk.length - at, batch.length - filled);
      batch.set(chunk.subarray(at, at + taken), filled);
      at += taken;
      filled += taken;
      left -= taken;
      if (filled === batch.length) {
        yield { shape: [filled / rowBytes, ...row], data: batch };
        batch = new Uint8Array(Math.min(size * rowBytes, left));
        filled = 0;
      }
    }
    if (left === 0 && end < count) return;
  }
  if (left > 0) throw badData(`openNpz: ${path}: "${name}" ends ${left} bytes early.`, { path, name });
  checkSum(path, name, sum ?? 0, entry);
}

function checkSum(path: string, name: string, found: number, { crc32: expected }: Entry): void {
  if (found !== expected) throw badData(`openNpz: ${path}: "${name}" is damaged: its CRC-32 does not match.`, { path });
}

function damaged(where: string, error: unknown): Error {
  const named = asUnreadable(where, error);
  if ('code' in named && named.code === 'bad-data-file') return named;
  return badData(`openNpz: ${where} is a damaged archive (${named.message}).`, { path: where }, error);
}
