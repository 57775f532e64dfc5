import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ifAbsent } from './file-blocks';
import { OnestepError } from '@onestep/tensor';
import { checkFinished } from './check-finished';
import { openFolderStore } from './folder-store';
import { openNpzStore } from './npz-store';
import { readSampleIndex, sumItems, writeIndex, type SampleIndex } from './sample-index';
import type { SampleItem, StoredSample } from './sample-item';
import { checkSameJob, type SampleJob, type SampleShard } from './sample-job';
import { appendJournal, createJournal, journalItems, journalLines, readJournalHeader } from './sample-journal';
import type { SamplePlaces } from './sample-places';
import type { SampleStore } from './sample-store';
import { openZipStore } from './zip-store';

/** How far a stream is. */
export interface SamplesProgress {
  /** `checking` reads again what is there, `drawing` adds to it. */
  readonly phase: 'checking' | 'drawing';
  /** Samples so far, and of this stream or shard in all. */
  readonly done: number;
  readonly total: number;
  /** How many of them were there before. */
  readonly kept: number;
}

/** How a stream ended. */
export interface SamplesResult {
  /** The finished index; undefined if the signal stopped it before. */
  readonly index?: SampleIndex | undefined;
  readonly places: SamplePlaces;
  /** Samples that were there and are whole, and samples added now. */
  readonly kept: number;
  readonly added: number;
}

/** What fills a stream. */
export interface SampleRun {
  /** The path as given, and the files of this stream or shard. */
  readonly path: string;
  readonly places: SamplePlaces;
  readonly job: SampleJob;
  readonly shard?: SampleShard | undefined;
  /** For a folder whose files are there already. */
  readonly inPlace?: boolean | undefined;
  /** Samples from number `from` on, in order, as many at a time as come together. */
  readonly source: (store: SampleStore, from: number) => AsyncIterable<readonly StoredSample[]>;
  readonly onProgress?: ((progress: SamplesProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Fills a stream from where it stands: checks what is there, adds what is missing, finishes it. */
export async function runSamples(run: SampleRun): Promise<SamplesResult> {
  const { path, places, job, shard, onProgress } = run;
  const { from, to } = shard ?? { from: 0, to: job.count };
  const finished = await readSampleIndex(places.index);
  if (finished !== undefined) {
    checkSameJob(places.data, finished.job, job);
    await checkFinished(places, finished, (done) =>
      onProgress?.({ phase: 'checking', done, total: to - from, kept: done }),
    );
    if (shard === undefined) await rm(places.journal, { force: true });
    return { index: finished, places, kept: to - from, added: 0 };
  }
  const started = await begin(path, places, job, shard);
  const store = await openStore(places, job, { count: to - from, whole: shard === undefined, inPlace: run.inPlace });
  try {
    const kept = await keepWhole(run, store, started, { from, to });
    const added = await add(run, store, { from: from + kept, to, kept });
    if (kept + added < to - from) return { places, kept, added };
    const items = (): AsyncIterable<SampleItem> => journalItems(places.journal);
    const sums = await sumItems(items());
    const file = await store.finish(items);
    const index: SampleIndex = {
      format: 'onestep-samples',
      version: 1,
      layout: places.layout,
      job,
      ...(shard === undefined ? {} : { shard }),
      ...sums,
      ...(file === undefined ? {} : { file }),
    };
    await writeIndex(places.index, index);
    // A shard's journal is what a merge reads.
    if (shard === undefined) await rm(places.journal, { force: true });
    return { index, places, kept, added };
  } finally {
    await store.close();
  }
}

/** Opens what holds the samples of a layout. */
export async function openStore(
  places: SamplePlaces,
  { shape, numClasses }: SampleJob,
  options: {
    readonly count: number;
    readonly whole: boolean;
    readonly inPlace?: boolean | undefined;
    readonly readOnly?: boolean;
  },
): Promise<SampleStore> {
  const labelled = numClasses > 0;
  if (places.layout === 'folder') return openFolderStore(places, shape, { ...options, labelled });
  return places.layout === 'zip'
    ? openZipStore(places, shape, { ...options, labelled })
    : openNpzStore(places, shape, { ...options, labelled });
}

/** Refuses a place that holds something else, then makes folder and journal; the result is where its lines begin. */
async function begin(
  path: string,
  places: SamplePlaces,
  job: SampleJob,
  shard: SampleShard | undefined,
): Promise<number> {
  const { data, part, journal, layout } = places;
  if (layout === 'folder') await checkFolder(path, job);
  const begun = await readJournalHeader(journal);
  if (begun === undefined) {
    if (layout !== 'folder' && (await exists(data))) {
      throw new OnestepError(
        'run-exists',
        `${data} exists and has no index beside it. Choose another place, or remove it.`,
        {
          details: { place: data },
        },
      );
    }
    await mkdir(layout === 'folder' ? path : dirname(path), { recursive: true });
    await createJournal(journal, { format: 'onestep-samples', version: 1, job, ...(shard && { shard }) });
  } else {
    checkSameJob(layout === 'folder' ? data : part, begun.header.job, job);
    // Killed between the last rename and the index: the archive is whole, and is checked and closed once more.
    if (layout !== 'folder' && (await exists(data)) && !(await exists(part))) await rename(data, part);
  }
  return begun?.end ?? (await stat(journal)).size;
}

/** A folder is empty or holds samples of the same job, of other shards perhaps. */
async function checkFolder(path: string, job: SampleJob): Promise<void> {
  const names = await readdir(path).catch(ifAbsent([] as string[]));
  const own = names.filter((name) => /^\.journal|^index(\.shard-\d+-of-\d+)?\.json$/.test(name));
  if (own.length === 0 && names.some((name) => !/^\.(lock|journal)/.test(name))) {
    throw new OnestepError('run-exists', `${path} is not empty and holds no samples. Choose another folder.`, {
      details: { place: path },
    });
  }
  for (const name of own) {
    const place = join(path, name);
    if (name.endsWith('.tmp')) continue;
    const there = name.startsWith('.')
      ? (await readJournalHeader(place))?.header.job
      : (await readSampleIndex(place))?.job;
    if (there !== undefined) checkSameJob(path, there, job);
  }
}

/** Reads again what the journal lists, as far as it is whole, and drops the rest; the result is how many are kept. */
async function keepWhole(
  { places, onProgress, signal }: SampleRun,
  store: SampleStore,
  started: number,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<number> {
  let kept = 0;
  let end = started;
  for await (const line of journalLines(places.journal)) {
    if (line.item.index !== from + kept || line.item.index >= to) break;
    if ((await store.next(line.item)) === undefined) break;
    kept += 1;
    end = line.end;
    if (kept % 1000 === 0) onProgress?.({ phase: 'checking', done: kept, total: to - from, kept });
    if (stopped(signal)) break;
  }
  // Interrupted while it was checked: all of it stays for the next time.
  if (stopped(signal)) return kept;
  await store.cut();
  const journal = await open(places.journal, 'r+');
  try {
    await journal.truncate(end);
  } finally {
    await journal.close();
  }
  return kept;
}

async function add(
  { places, source, onProgress, signal }: SampleRun,
  store: SampleStore,
  { from, to, kept }: { readonly from: number; readonly to: number; readonly kept: number },
): Promise<number> {
  if (from === to || stopped(signal)) return 0;
  const journal = await open(places.journal, 'a');
  let next = from;
  try {
    for await (const samples of source(store, from)) {
      await store.append(samples);
      await appendJournal(
        journal,
        samples.map(({ item }) => item),
      );
      next += samples.length;
      onProgress?.({ phase: 'drawing', done: next - from + kept, total: to - from + kept, kept });
      // Lets a waiting Ctrl-C be heard.
      await new Promise(setImmediate);
      if (stopped(signal)) return next - from;
    }
    await journal.sync();
  } finally {
    await journal.close();
  }
  if (next !== to) throw new RangeError(`writeSamples: expected samples up to ${to}, got them up to ${next}.`);
  return next - from;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, ifAbsent(false));
}

/** The compiler takes a signal for a constant; it changes while others run. */
const stopped = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;
