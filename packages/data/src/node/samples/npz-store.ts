import { constants } from 'node:fs';
import { open, rename, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { crc32 } from '../../internal/crc32';
import { npyHeader } from '../../internal/npy-header';
import { centralRecord, endRecords, localHeader, localHeaderLength, type ZipEntry } from '../../internal/zip-records';
import { blockReader, blockWriter, hashFile, writeAt } from './file-blocks';
import { sha256, type SampleItem } from './sample-item';
import type { SamplePlaces } from './sample-places';
import type { SampleStore } from './sample-store';

/**
 * A NumPy archive: `arr_0` `[N, H, W, C]` uint8 (or float32 where samples are no images) and, with classes, `arr_1` `[N]`
 * int64, as the evaluator of guided-diffusion reads them. The number of samples is known, so that all headers are, save
 * the CRC, which is filled in at the end.
 *
 * @param options - `count`: samples in this archive; `readOnly`: open the finished archive instead, to read it
 */
export async function openNpzStore(
  { data, part }: SamplePlaces,
  shape: readonly number[],
  options: { readonly count: number; readonly labelled: boolean; readonly readOnly?: boolean },
): Promise<SampleStore> {
  const { count, labelled, readOnly = false } = options;
  const file = readOnly ? await open(data) : await open(part, constants.O_RDWR | constants.O_CREAT);
  const isImage = shape.length === 3;
  const head = npyHeader(isImage ? '|u1' : '<f4', [count, ...shape]);
  const sampleBytes = shape.reduce((product, extent) => product * extent, isImage ? 1 : 4);
  const name = 'arr_0.npy';
  const size = head.length + count * sampleBytes;
  const start = localHeaderLength({ name, size });
  const reader = blockReader(file, start + head.length);
  let position = start + head.length;
  let crc = crc32(head);
  return {
    encode: (values) => Promise.resolve(values),
    async next(item) {
      const bytes = item.size === sampleBytes ? await reader.read(sampleBytes) : undefined;
      if (bytes === undefined || sha256(bytes) !== item.stored) return undefined;
      position += bytes.length;
      crc = crc32(bytes, crc);
      return bytes;
    },
    async cut() {
      await file.truncate(position);
      await writeAt(file, localHeader({ name, size, crc: 0 }), 0);
      await writeAt(file, head, start);
    },
    async append(samples) {
      const bytes = Buffer.concat(samples.map((sample) => sample.bytes));
      await writeAt(file, bytes, position);
      position += bytes.length;
      crc = crc32(bytes, crc);
    },
    async finish(items) {
      const images = { name, size, crc };
      await writeAt(file, localHeader(images), 0);
      const labels = labelled ? await writeLabels(file, position, count, items()) : undefined;
      const directory = labels?.end ?? position;
      const records = Buffer.concat([
        centralRecord(images, 0),
        ...(labels === undefined ? [] : [centralRecord(labels.entry, position)]),
      ]);
      const entries = labels === undefined ? 1 : 2;
      const end = endRecords({ entries, offset: directory, size: records.length });
      await writeAt(file, Buffer.concat([records, end]), directory);
      await file.truncate(directory + records.length + end.length);
      await file.sync();
      const sums = await hashFile(part);
      await rename(part, data);
      return { name: basename(data), ...sums };
    },
    close: () => file.close(),
  };
}

/** Writes `arr_1.npy` at `offset`; its header goes before it once the sum is known. */
async function writeLabels(
  file: FileHandle,
  offset: number,
  count: number,
  items: AsyncIterable<SampleItem>,
): Promise<{ readonly entry: ZipEntry; readonly end: number }> {
  const name = 'arr_1.npy';
  const head = npyHeader('<i8', [count]);
  const size = head.length + 8 * count;
  const writer = blockWriter(file, offset + localHeaderLength({ name, size }));
  let crc = crc32(head);
  await writer.write(head);
  for await (const { label } of items) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, BigInt(label), true);
    crc = crc32(bytes, crc);
    await writer.write(bytes);
  }
  const end = await writer.flush();
  const entry = { name, size, crc };
  await writeAt(file, localHeader(entry), offset);
  return { entry, end };
}
