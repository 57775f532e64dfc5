import { OnestepError, type HostTensor } from '@onestep/tensor';
import { toBytes } from '../../batches/pixels';
import { describeSample, type StoredSample } from './sample-item';
import { checkJob, type SampleJob, type SampleShard } from './sample-job';
import { samplePlaces } from './sample-places';
import { runSamples, type SamplesProgress, type SamplesResult } from './sample-run';
import type { SampleStore } from './sample-store';

const where = 'writeSamples';

/** Some finished samples, in order: `[B, ...shape]` float32, images in [-1, 1]. */
export interface SampleBatch {
  readonly images: HostTensor;
}

/** Options of {@link writeSamples}. */
export interface WriteSamplesOptions {
  /** Everything that decides the samples; kept with them, and compared before going on. */
  readonly job: SampleJob;
  /** The part of the stream to write; default: all of it. */
  readonly shard?: SampleShard | undefined;
  /** Class of a sample; for jobs with classes. */
  readonly label?: ((index: number) => number) | undefined;
  /** Samples `from` to `to - 1` in order, batch by batch; called once, when it is known where to go on. */
  readonly draw: (range: { readonly from: number; readonly to: number }) => AsyncIterable<SampleBatch>;
  readonly onProgress?: ((progress: SamplesProgress) => void) | undefined;
  /** Stops after the running batch; what is there stays, and the next call goes on. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Streams samples to the disk, one batch in memory at a time: to a folder of PNG files, a `.zip` of them, or a `.npz` with
 * `arr_0` `[N, H, W, C]` uint8 and, with classes, `arr_1` `[N]` int64. An index with checksums is there when all of it is.
 *
 * Called again after an interruption or a kill at any moment, it checks what is there, drops what is half-written and
 * goes on; the result has the same bytes. A finished stream is only checked.
 *
 * @param path - ends in `.zip`, `.npz`, or names a folder (absent, empty, or with samples of this job); shards of an archive
 * are archives of their own, `NAME.shard-I-of-N.npz`, which `mergeSamples` puts together
 * @throws RangeError or TypeError if job, shard and path do not fit each other; OnestepError `run-exists` if the place holds
 * something else (saying what differs), `bad-data-file` if a finished stream is damaged, `non-finite` if a sample is
 * @remarks One process a shard at a time: nothing here keeps a second one out. Samples that are no images go to `.npz`
 * alone, as float32.
 */
export function writeSamples(path: string, options: WriteSamplesOptions): Promise<SamplesResult> {
  const { job, shard, label, draw, onProgress, signal } = options;
  checkJob(where, job, shard);
  if (job.numClasses > 0 && label === undefined)
    throw new TypeError(`${where}: label is missing for a job with classes.`);
  const places = samplePlaces(path, shard);
  const isImage = job.shape.length === 3;
  if (places.layout !== 'npz' && (!isImage || (job.shape[2] !== 1 && job.shape[2] !== 3))) {
    throw new RangeError(
      `${where}: PNG files hold [H, W, 1] or [H, W, 3], got [${job.shape.join(', ')}]. Choose a path ending in .npz.`,
    );
  }
  const size = job.shape.reduce((product, extent) => product * extent, 1);
  const to = shard?.to ?? job.count;

  async function* source(store: SampleStore, from: number): AsyncGenerator<readonly StoredSample[], void, undefined> {
    let next = from;
    for await (const { images } of draw({ from, to })) {
      const { data } = images;
      const count = data.length / size;
      if (!(data instanceof Float32Array) || !Number.isInteger(count) || next + count > to) {
        throw new RangeError(`${where}: a batch must hold at most ${to - next} samples of ${size} float32 values.`);
      }
      const wrong = data.findIndex((value) => !Number.isFinite(value));
      if (wrong >= 0) {
        throw new OnestepError(
          'non-finite',
          `${where}: sample ${next + Math.floor(wrong / size)} holds ${data[wrong]}. The model or its noise levels are broken.`,
          { details: { index: next + Math.floor(wrong / size) } },
        );
      }
      const values = isImage ? toBytes(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      const bytes = values.length / Math.max(1, count);
      const first = next;
      yield await Promise.all(
        Array.from({ length: count }, async (_, i) => {
          const own = values.subarray(i * bytes, (i + 1) * bytes);
          return describeSample(first + i, label?.(first + i) ?? -1, own, await store.encode(own));
        }),
      );
      next += count;
    }
  }
  return runSamples({ path, places, job, shard, source, onProgress, signal });
}
