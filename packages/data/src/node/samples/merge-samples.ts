import { OnestepError } from '@onestep/tensor';
import { readdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ifAbsent } from './file-blocks';
import { readSampleIndex, type SampleIndex } from './sample-index';
import type { StoredSample } from './sample-item';
import { checkSameJob } from './sample-job';
import { journalItems } from './sample-journal';
import { sampleLayout, samplePlaces, shardOfIndexName, type SamplePlaces } from './sample-places';
import { openStore, runSamples, type SamplesProgress, type SamplesResult } from './sample-run';

/** Options of {@link mergeSamples}. */
export interface MergeSamplesOptions {
  /** Removes the shards' own files when the whole is there and checked; default false. */
  readonly removeShards?: boolean | undefined;
  readonly onProgress?: ((progress: SamplesProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Samples read and written at a time. */
const batch = 64;

/**
 * Puts finished shards together: archives are copied into one, images in a folder stay where they are and get their
 * common index. Every sample is read and checked on the way; the result has the bytes of a stream drawn at once.
 *
 * @param path - as it was given to `writeSamples`, without the number of a shard
 * @throws OnestepError `bad-data-file` if a shard is missing or damaged (naming it), `run-exists` if they are of different jobs
 */
export async function mergeSamples(path: string, options: MergeSamplesOptions = {}): Promise<SamplesResult> {
  const { removeShards = false, onProgress, signal } = options;
  const shards = await findShards(path);
  const [{ index: first }] = shards;
  const { job } = first;
  async function* source(_: unknown, from: number): AsyncGenerator<readonly StoredSample[], void, undefined> {
    for (const shard of shards) yield* readShard(shard, from);
  }
  const places = samplePlaces(path);
  const inPlace = places.layout === 'folder';
  const result = await runSamples({ path, places, job, inPlace, source, onProgress, signal });
  if (removeShards && result.index !== undefined) {
    for (const { places: own } of shards) {
      if (!inPlace) await rm(own.data, { force: true });
      await rm(own.journal, { force: true });
      await rm(own.index, { force: true });
    }
  }
  return result;
}

interface Shard {
  readonly places: SamplePlaces;
  readonly index: SampleIndex;
  readonly from: number;
  readonly to: number;
}

/** The finished shards of a path, in order; all of them. */
async function findShards(path: string): Promise<readonly Shard[]> {
  const folder = sampleLayout(path) === 'folder' ? path : dirname(path);
  const names = await readdir(folder).catch(ifAbsent([] as string[]));
  const found = names.flatMap((name) => shardOfIndexName(path, name) ?? []);
  const totals = [...new Set(found.map(({ total }) => total))];
  if (totals.length === 0) throw refusal(`${path} has no finished shards, expected ${hint(path)}.`, path);
  if (totals.length > 1) {
    throw refusal(`${path} has shards of ${totals.join(' and of ')}. Remove those that do not belong.`, path);
  }
  const [total] = totals;
  const missing = Array.from({ length: total }, (_, i) => i + 1).filter((i) => found.every(({ index }) => index !== i));
  if (missing.length > 0) {
    throw refusal(`${path}: shard ${missing.join(', ')} of ${total} is missing or unfinished. Draw it first.`, path);
  }
  const shards: Shard[] = [];
  for (let number = 1; number <= total; number += 1) {
    const places = samplePlaces(path, { index: number, total });
    const index = await readSampleIndex(places.index);
    const from = shards.at(-1)?.to ?? 0;
    if (index?.shard?.from !== from) throw refusal(`${places.index} does not begin at sample ${from}.`, path);
    if (number > 1) checkSameJob(places.data, index.job, shards[0].index.job);
    shards.push({ places, index, from, to: index.shard.to });
  }
  const [{ index: first }] = shards;
  const end = shards.at(-1)?.to;
  if (end !== first.job.count) throw refusal(`${path}: the shards end at ${end}, not at ${first.job.count}.`, path);
  return shards;
}

async function* readShard(
  { places, index, from, to }: Shard,
  start: number,
): AsyncGenerator<readonly StoredSample[], void, undefined> {
  if (start >= to) return;
  const store = await openStore(places, index.job, { count: to - from, whole: false, readOnly: true });
  let samples: StoredSample[] = [];
  let next = from;
  try {
    for await (const item of journalItems(places.journal)) {
      const bytes = item.index === next ? await store.next(item) : undefined;
      if (bytes === undefined) {
        throw refusal(`${places.data}: sample ${next} is damaged or missing. Draw this shard again.`, places.data);
      }
      next += 1;
      if (item.index >= start) samples.push({ item, bytes });
      if (samples.length < batch) continue;
      yield samples;
      samples = [];
    }
    if (next !== to) {
      throw refusal(`${places.journal} is damaged: it ends at sample ${next}. Draw this shard again.`, places.data);
    }
    if (samples.length > 0) yield samples;
  } finally {
    await store.close();
  }
}

const hint = (path: string): string => samplePlaces(path, { index: 1, total: 3 }).index.replace('1-of-3', 'I-of-N');

const refusal = (message: string, path: string): OnestepError =>
  new OnestepError('bad-data-file', message, { details: { path } });
