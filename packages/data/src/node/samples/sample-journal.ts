import { OnestepError } from '@onestep/tensor';
import { createReadStream } from 'node:fs';
import { open, rename, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { ifAbsent } from './file-blocks';
import type { SampleItem } from './sample-item';
import type { SampleJob, SampleShard } from './sample-job';

/** First line of a journal. */
export interface JournalHeader {
  readonly format: 'onestep-samples';
  readonly version: 1;
  readonly job: SampleJob;
  readonly shard?: SampleShard | undefined;
}

/** A line and where the next one begins. */
export interface JournalLine {
  readonly item: SampleItem;
  readonly end: number;
}

const linePattern = /^(\d+) (-1|\d+) ([0-9a-f]{64}) ([0-9a-f]{64}) (\d+) ([0-9a-f]{8})$/;

/** Begins a journal: there with its whole header, or not at all. */
export async function createJournal(path: string, header: JournalHeader): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(header)}\n`);
  await rename(temporary, path);
}

/** The header of a journal and where the lines begin; undefined if there is no such file. */
export async function readJournalHeader(
  path: string,
): Promise<{ readonly header: JournalHeader; readonly end: number } | undefined> {
  const file = await open(path).catch(ifAbsent(undefined));
  if (file === undefined) return undefined;
  try {
    for await (const line of file.readLines({ autoClose: false })) {
      return { header: parseHeader(path, line), end: Buffer.byteLength(line) + 1 };
    }
    throw noJournal(path);
  } finally {
    await file.close();
  }
}

function parseHeader(path: string, line: string): JournalHeader {
  let header: unknown;
  try {
    header = JSON.parse(line);
  } catch {
    header = undefined;
  }
  const { format, version, job } = (header ?? {}) as Partial<Record<keyof JournalHeader, unknown>>;
  if (format === 'onestep-samples' && version === 1 && typeof job === 'object' && job !== null) {
    return header as JournalHeader;
  }
  throw noJournal(path);
}

const noJournal = (path: string): OnestepError =>
  new OnestepError('bad-data-file', `${path} is no journal of samples. Remove it, or choose another place.`, {
    details: { path },
  });

/** The lines of a journal, one at a time; a last one that was cut short is left out. */
export async function* journalLines(path: string): AsyncGenerator<JournalLine, void, undefined> {
  const { size } = await stat(path);
  // One character a byte, so that lengths are positions.
  const stream = createReadStream(path, { encoding: 'latin1' });
  try {
    let end = 0;
    let isHeader = true;
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      end += line.length + 1;
      if (!isHeader) {
        const match = linePattern.exec(line);
        if (match === null || end > size) return;
        const [, index, label, values, stored, bytes, crc] = match;
        const item = {
          index: Number(index),
          label: Number(label),
          values,
          stored,
          size: Number(bytes),
          crc: parseInt(crc, 16),
        };
        yield { item, end };
      }
      isHeader = false;
    }
  } finally {
    stream.destroy();
  }
}

/** The same without positions. */
export async function* journalItems(path: string): AsyncGenerator<SampleItem, void, undefined> {
  for await (const { item } of journalLines(path)) yield item;
}

/** Adds lines; call it when what they describe is written. */
export async function appendJournal(file: FileHandle, items: readonly SampleItem[]): Promise<void> {
  const text = items.map(
    ({ index, label, values, stored, size, crc }) =>
      `${index} ${label} ${values} ${stored} ${size} ${crc.toString(16).padStart(8, '0')}\n`,
  );
  await file.appendFile(text.join(''));
}
