import { sampleLayout, samplePlaces, writeSamples, type SampleJob, type SamplesProgress } from '@onestep/data/node';
import { shardRange } from '@onestep/sampling';
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { InterruptedError } from '../errors';
import { interruptible } from '../interrupt';
import type { Output } from '../output/output';
import type { Engine } from './engine';
import type { FoundModel } from './find-model';
import { drawRange, labelOf, type DrawOptions, type LiveModel } from './model';
import { savePicture } from './pictures';
import { withLock } from './run-lock';
import type { SamplingPlan } from './sampling-plan';
import type { Shard } from './shards';

/** Images on the sheet beside a stream. */
export const sheetImages = 64;

/** What to stream, and where to. */
export interface StreamOptions extends DrawOptions {
  readonly seed: number;
  readonly batchSize: number;
  readonly out: string;
  readonly shard?: Shard | undefined;
  /** Whether to draw a sheet of the first images too. */
  readonly grid: boolean;
}

/** What a stream came to. */
export interface StreamFacts {
  /** The archive or folder of this stream or shard. */
  readonly file: string;
  readonly index: string;
  readonly grid?: string | undefined;
  readonly from: number;
  readonly to: number;
  /** Samples that were there already, and samples drawn now. */
  readonly kept: number;
  readonly added: number;
  readonly checksum: string;
  /** Of the archive; of a folder its SHA256SUMS. */
  readonly sha256?: string | undefined;
  readonly seconds: number;
}

/**
 * Whether a path names a stream (a folder, `.zip`, `.npz`) and not a single sheet or file of values. A name with another
 * ending is a folder if it is one, or ends in a slash.
 */
export async function isStream(out: string): Promise<boolean> {
  if (sampleLayout(out) !== 'folder' || extname(out) === '' || /[\\/]$/.test(out)) return true;
  return stat(out).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** Name of the sheet beside samples. */
export function sheetPath(out: string): string {
  const path = join(out);
  const extension = sampleLayout(path) === 'folder' && extname(path) !== '.safetensors' ? '' : extname(path);
  return join(dirname(path), `${basename(path, extension)}.grid.png`);
}

/**
 * Streams samples to the disk, or goes on where an earlier call stopped.
 *
 * @throws InterruptedError if Ctrl-C ended it; what is there is kept
 */
export async function streamSamples(
  found: FoundModel,
  model: LiveModel,
  options: StreamOptions & { readonly plan: SamplingPlan; readonly backend: Engine['backend'] },
  output: Output,
): Promise<StreamFacts> {
  const { count, seed, batchSize, label, plan } = options;
  const { shape, numClasses } = found.model;
  // Without a slash at the end, so that names can be put behind it.
  const out = join(options.out).replace(/[\\/]$/, '');
  const range = options.shard && shardRange(count, { ...options.shard, batchSize });
  const { from, to } = range ?? { from: 0, to: count };
  const job: SampleJob = {
    model: await sha256Of(found.path),
    seed,
    count,
    shape,
    numClasses,
    sampler: plan.sampler.name,
    sigmas: plan.sigmas,
    settings: settingsOf(model, options),
  };
  const places = samplePlaces(out, range);
  const started = performance.now();
  const lock =
    places.layout === 'folder'
      ? join(out, `.lock${basename(places.journal).slice('.journal'.length)}`)
      : `${places.part}.lock`;
  await mkdir(dirname(lock), { recursive: true });
  const result = await withLock(lock, places.data, () =>
    interruptible(
      () => output.warn('Stopping after this batch.'),
      (signal) =>
        writeSamples(out, {
          job,
          shard: range,
          ...(numClasses > 0 ? { label: (index: number) => labelOf(index, numClasses, label) } : {}),
          draw: (wanted) => drawRange(model, { ...options, ...wanted }),
          onProgress: progressTo(output),
          signal,
        }),
    ),
  );
  const { index, kept, added } = result;
  if (index === undefined) {
    throw new InterruptedError(
      `Interrupted after ${kept + added} of ${to - from} samples. Run the same command again to go on.`,
    );
  }
  const grid = options.grid && to > from ? sheetPath(places.data) : undefined;
  if (grid !== undefined) await drawSheet(grid, model, { ...options, from, to: Math.min(to, from + sheetImages) });
  const seconds = (performance.now() - started) / 1000;
  const { checksum, file } = index;
  return {
    file: places.data,
    index: places.index,
    grid,
    from,
    to,
    kept,
    added,
    checksum,
    sha256: file?.sha256,
    seconds,
  };
}

/** What decides the values beside model, seed, sampler and levels. */
function settingsOf(
  { compiled, description }: LiveModel,
  { plan, backend, label, guidanceScale, batchSize }: Parameters<typeof streamSamples>[2],
): SampleJob['settings'] {
  // Elsewhere rounding may depend on the shapes; images that are sampled one by one have the same.
  const isBatchFree = plan.sampler.couplesBatch === true || (!compiled && (backend === 'wasm' || backend === 'cpu'));
  return {
    samplerOptions: plan.samplerOptions,
    guidanceScale: guidanceScale ?? 1,
    label: description.numClasses === 0 ? null : (label ?? 'all in turn'),
    backend: compiled ? 'compiled' : backend,
    ...(isBatchFree ? {} : { batchSize }),
  };
}

/** Readings with the speed of what is drawn now and the time left. */
function progressTo(output: Output): (progress: SamplesProgress) => void {
  let started: { readonly at: number; readonly done: number } | undefined;
  return ({ phase, done, total }) => {
    if (phase === 'checking') {
      output.progress({ phase, done, total });
      return;
    }
    // The first batch pays for tracing and compiling.
    started ??= { at: performance.now(), done };
    const perImage = (performance.now() - started.at) / 1000 / (done - started.done);
    const speed = done > started.done ? { imagesPerSecond: 1 / perImage, eta: perImage * (total - done) } : {};
    output.progress({ phase: 'sampling', done, total, ...speed });
  };
}

async function drawSheet(
  path: string,
  model: LiveModel,
  options: Parameters<typeof drawRange>[1] & { readonly from: number; readonly to: number },
): Promise<void> {
  const { shape } = model.description;
  const size = shape.reduce((product, side) => product * side, 1);
  const count = options.to - options.from;
  const images = new Float32Array(count * size);
  let filled = 0;
  for await (const batch of drawRange(model, options)) {
    images.set(batch.images.data, filled);
    filled += batch.images.data.length;
  }
  await savePicture(path, images, shape, count);
}

async function sha256Of(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
