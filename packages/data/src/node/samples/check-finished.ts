import { OnestepError } from '@onestep/tensor';
import { createReadStream } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { hashFile } from './file-blocks';
import { readWhole } from './folder-store';
import type { SampleIndex } from './sample-index';
import { sampleName, type SampleItem } from './sample-item';
import { journalItems } from './sample-journal';
import type { SamplePlaces } from './sample-places';

/**
 * Reads a finished stream again.
 *
 * @param onChecked - told now and then how many files of a folder were read
 * @throws OnestepError `bad-data-file` naming the file that is missing or not what it was
 */
export async function checkFinished(
  places: SamplePlaces,
  { file }: SampleIndex,
  onChecked: (done: number) => void = () => undefined,
): Promise<void> {
  const { data, layout } = places;
  const listed = file === undefined ? undefined : layout === 'folder' ? join(data, file.name) : data;
  if (listed !== undefined) {
    const sums = await hashFile(listed).catch(() => undefined);
    if (sums?.sha256 !== file?.sha256) throw damaged(listed, places);
  }
  if (layout !== 'folder') return;
  let done = 0;
  for await (const item of listed === undefined ? journalItems(places.journal) : summedItems(listed)) {
    if ((await readWhole(data, item)) === undefined) throw damaged(join(data, sampleName(item.index)), places);
    done += 1;
    if (done % 1000 === 0) onChecked(done);
  }
}

function damaged(path: string, { data, index }: SamplePlaces): OnestepError {
  return new OnestepError(
    'bad-data-file',
    `${path} is damaged or missing. Remove ${data} and ${index} to draw the samples again.`,
    { details: { path } },
  );
}

/** What a list of sums says. */
async function* summedItems(path: string): AsyncGenerator<Pick<SampleItem, 'index' | 'stored'>, void, undefined> {
  const input = createReadStream(path);
  try {
    for await (const line of createInterface({ input })) {
      const [stored, name] = line.split('  ');
      yield { stored, index: Number(basename(name, '.png')) };
    }
  } finally {
    input.destroy();
  }
}
