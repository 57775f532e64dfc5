import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { blockWriter, ifAbsent } from './file-blocks';
import { labelManifest } from './label-manifest-text';
import { pngEncoder } from './png-samples';
import { sampleName, sha256, type SampleItem } from './sample-item';
import type { SamplePlaces } from './sample-places';
import type { SampleFile, SampleStore } from './sample-store';

/** Name of the list of sums, as `sha256sum --check` reads it. */
export const sumsName = 'SHA256SUMS';

/**
 * A folder of PNG files in sub-folders of 1000. Files behind the last one in the journal are written again.
 *
 * @param options - `whole`: whether this is all of the stream, which then gets `dataset.json` and {@link sumsName};
 * `inPlace`: the files are there already
 */
export function openFolderStore(
  { data }: SamplePlaces,
  shape: readonly number[],
  options: { readonly labelled: boolean; readonly whole: boolean; readonly inPlace?: boolean },
): SampleStore {
  const { labelled, whole, inPlace = false } = options;
  const made = new Set<string>();
  const write = async (name: string, bytes: Uint8Array): Promise<void> => {
    const path = join(data, name);
    const folder = dirname(path);
    if (!made.has(folder)) {
      await mkdir(folder, { recursive: true });
      // Only the current sub-folder and its neighbour are ever written to.
      if (made.size > 2) made.clear();
      made.add(folder);
    }
    await writeFile(path, bytes);
  };
  return {
    encode: pngEncoder(shape),
    next: (item) => readWhole(data, item),
    cut: () => Promise.resolve(),
    async append(samples) {
      if (inPlace) return;
      await Promise.all(samples.map(({ item, bytes }) => write(sampleName(item.index), bytes)));
    },
    async finish(items) {
      if (!whole) return undefined;
      await writeText(join(data, 'dataset.json'), labelManifest(items(), labelled));
      return writeText(join(data, sumsName), sumLines(items()));
    },
    close: () => Promise.resolve(),
  };
}

/** Reads a PNG file; undefined if it is missing or another. */
export async function readWhole(
  folder: string,
  { index, stored }: Pick<SampleItem, 'index' | 'stored'>,
): Promise<Uint8Array | undefined> {
  const bytes = await readFile(join(folder, sampleName(index))).catch(ifAbsent(undefined));
  return bytes !== undefined && sha256(bytes) === stored ? bytes : undefined;
}

async function* sumLines(items: AsyncIterable<SampleItem>): AsyncGenerator<string, void, undefined> {
  for await (const { index, stored } of items) yield `${stored}  ${sampleName(index)}\n`;
}

/** Writes a text of any length; the file is there whole or not at all. */
async function writeText(path: string, text: AsyncIterable<string>): Promise<SampleFile> {
  const temporary = `${path}.tmp`;
  const hash = createHash('sha256');
  const file = await open(temporary, 'w');
  let bytes: number;
  try {
    const writer = blockWriter(file, 0);
    for await (const piece of text) {
      hash.update(piece);
      await writer.write(Buffer.from(piece));
    }
    bytes = await writer.flush();
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  return { name: basename(path), bytes, sha256: hash.digest('hex') };
}
