import { basename } from 'node:path';
import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { centralRecord, endRecords, localHeader, localHeaderLength } from '../../internal/zip-records';
import { blockReader, blockWriter, hashFile, writeAt } from './file-blocks';
import { sampleName, sha256 } from './sample-item';
import { labelManifest } from './label-manifest-text';
import { crc32 } from '../../internal/crc32';
import { pngEncoder } from './png-samples';
import type { SamplePlaces } from './sample-places';
import type { SampleStore } from './sample-store';

/**
 * A zip of PNG files, stored as they are, that grows at its end; `dataset.json` and the directory close it. It stays a
 * prefix of the finished archive all the time, so that going on is a matter of cutting it.
 *
 * @param options - `readOnly`: open the finished archive instead, to read it
 */
export async function openZipStore(
  { data, part }: SamplePlaces,
  shape: readonly number[],
  { labelled, readOnly = false }: { readonly labelled: boolean; readonly readOnly?: boolean },
): Promise<SampleStore> {
  const file = readOnly ? await open(data) : await open(part, constants.O_RDWR | constants.O_CREAT);
  const reader = blockReader(file);
  let position = 0;
  return {
    encode: pngEncoder(shape),
    async next(item) {
      const entry = { name: sampleName(item.index), size: item.size, crc: item.crc };
      const bytes = await reader.read(localHeaderLength(entry) + item.size);
      if (bytes === undefined) return undefined;
      const expected = localHeader(entry);
      const content = bytes.subarray(expected.length);
      if (Buffer.compare(bytes.subarray(0, expected.length), expected) !== 0) return undefined;
      if (sha256(content) !== item.stored) return undefined;
      position += bytes.length;
      return content;
    },
    cut: () => file.truncate(position),
    async append(samples) {
      const pieces = samples.flatMap(({ item: { index, size, crc }, bytes }) => [
        localHeader({ name: sampleName(index), size, crc }),
        bytes,
      ]);
      const bytes = Buffer.concat(pieces);
      await writeAt(file, bytes, position);
      position += bytes.length;
    },
    async finish(items) {
      const { writer, entry, offset } = await writeManifest(file, position, labelManifest(items(), labelled));
      const directory = writer.position();
      let entries = 0;
      let at = 0;
      for await (const { index, size, crc } of items()) {
        const image = { name: sampleName(index), size, crc };
        await writer.write(centralRecord(image, at));
        at += localHeaderLength(image) + size;
        entries += 1;
      }
      await writer.write(centralRecord(entry, offset));
      const size = writer.position() - directory;
      await writer.write(endRecords({ entries: entries + 1, offset: directory, size }));
      await file.truncate(await writer.flush());
      await file.sync();
      const sums = await hashFile(part);
      await rename(part, data);
      return { name: basename(data), ...sums };
    },
    close: () => file.close(),
  };
}

/** Writes `dataset.json` behind the images; its header goes before it once its length and sum are known. */
async function writeManifest(
  file: Parameters<typeof writeAt>[0],
  offset: number,
  text: AsyncIterable<string>,
): Promise<{
  readonly writer: ReturnType<typeof blockWriter>;
  readonly entry: { readonly name: string; readonly size: number; readonly crc: number };
  readonly offset: number;
}> {
  const name = 'dataset.json';
  const start = offset + localHeaderLength({ name, size: 0 });
  const writer = blockWriter(file, start);
  let crc = 0;
  for await (const piece of text) {
    const bytes = Buffer.from(piece);
    crc = crc32(bytes, crc);
    await writer.write(bytes);
  }
  const entry = { name, size: (await writer.flush()) - start, crc };
  await writeAt(file, localHeader(entry), offset);
  return { writer, entry, offset };
}
