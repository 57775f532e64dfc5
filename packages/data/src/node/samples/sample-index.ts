import { OnestepError } from '@onestep/tensor';
import { createHash } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { ifAbsent } from './file-blocks';
import type { SampleItem } from './sample-item';
import type { SampleJob, SampleShard } from './sample-job';
import type { SampleLayout } from './sample-places';
import type { SampleFile } from './sample-store';

/** Some samples and their checksum. */
export interface SampleChunk {
  readonly from: number;
  readonly to: number;
  readonly checksum: string;
}

/**
 * What is known of a finished stream, beside the samples. A stream drawn at once, merged from shards or gone on with after
 * a kill has the same index, byte for byte.
 */
export interface SampleIndex {
  readonly format: 'onestep-samples';
  readonly version: 1;
  readonly layout: SampleLayout;
  readonly job: SampleJob;
  /** Only of a shard. */
  readonly shard?: SampleShard | undefined;
  /** SHA-256 over a line `INDEX LABEL SHA256-OF-VALUES` for each sample, label -1 for none; the same in every layout. */
  readonly checksum: string;
  /** The same for every thousand, to tell where two streams part. */
  readonly chunks: readonly SampleChunk[];
  /** The archive, or of a folder its `SHA256SUMS`; a shard of a folder has none. */
  readonly file?: SampleFile | undefined;
}

const chunkSize = 1000;
const maxIndexBytes = 2 ** 27;

/** Sums up items that come in order. */
export async function sumItems(items: AsyncIterable<SampleItem>): Promise<Pick<SampleIndex, 'checksum' | 'chunks'>> {
  const total = createHash('sha256');
  const chunks: SampleChunk[] = [];
  let open: { from: number; to: number; hash: ReturnType<typeof createHash> } | undefined;
  const close = (): void => {
    if (open !== undefined) chunks.push({ from: open.from, to: open.to, checksum: open.hash.digest('hex') });
    open = undefined;
  };
  for await (const { index, label, values } of items) {
    const line = `${index} ${label} ${values}\n`;
    if (index % chunkSize === 0) close();
    open ??= { from: index, to: index, hash: createHash('sha256') };
    open.to = index + 1;
    open.hash.update(line);
    total.update(line);
  }
  close();
  return { checksum: total.digest('hex'), chunks };
}

/** Writes an index; it is there whole or not at all. */
export async function writeIndex(path: string, index: SampleIndex): Promise<void> {
  const file = await open(`${path}.tmp`, 'w');
  try {
    await file.writeFile(`${JSON.stringify(index, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
}

/**
 * Reads an index that `writeSamples` or `mergeSamples` wrote.
 *
 * @returns undefined if there is no such file
 * @throws OnestepError `bad-data-file` if it is something else
 */
export async function readSampleIndex(path: string): Promise<SampleIndex | undefined> {
  const bytes = await readFile(path).catch(ifAbsent(undefined));
  if (bytes === undefined) return undefined;
  try {
    const index = (bytes.length > maxIndexBytes ? {} : JSON.parse(bytes.toString())) as Partial<SampleIndex>;
    const { format, version, job, checksum } = index;
    if (format === 'onestep-samples' && version === 1 && typeof job === 'object' && typeof checksum === 'string') {
      return index as SampleIndex;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new OnestepError('bad-data-file', `${path} is no index of samples. Remove it, or choose another place.`, {
    details: { path },
  });
}
