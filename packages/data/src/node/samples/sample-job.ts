import { OnestepError } from '@onestep/tensor';
import { checkInteger } from '../../internal/checks';

/** A value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Everything that decides the values of a stream of samples; two streams with equal jobs hold equal samples. */
export interface SampleJob {
  /** SHA-256 of the weight file, or another name that changes with the weights. */
  readonly model: string;
  /** Integer in [0, 2^53). */
  readonly seed: number;
  /** Samples of the whole stream, all shards together, integer >= 1. */
  readonly count: number;
  /** Shape of one sample: `[H, W, C]` for images. */
  readonly shape: readonly number[];
  /** Classes of the model; 0 for none. */
  readonly numClasses: number;
  readonly sampler: string;
  readonly sigmas: readonly number[];
  /** Whatever else decides them: guidance, options of the sampler, the engine where its rounding matters. */
  readonly settings?: Readonly<Record<string, Json>> | undefined;
}

/** A contiguous part of a stream, as `shardRange` of `@onestep/sampling` cuts it. */
export interface SampleShard {
  /** Number of this shard, from 1. */
  readonly index: number;
  /** Number of shards. */
  readonly total: number;
  /** First sample, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

/** Throws unless the job and shard are in range. */
export function checkJob(
  where: string,
  { seed, count, shape, numClasses, sigmas }: SampleJob,
  shard?: SampleShard,
): void {
  checkInteger(where, 'seed', seed, 0);
  checkInteger(where, 'count', count, 1);
  checkInteger(where, 'numClasses', numClasses, 0);
  if (shape.length === 0) throw new RangeError(`${where}: shape must have at least one axis, got none.`);
  shape.forEach((extent, i) => checkInteger(where, `shape[${i}]`, extent, 1));
  sigmas.forEach((sigma, i) => {
    if (!Number.isFinite(sigma)) throw new RangeError(`${where}: sigmas[${i}] must be finite, got ${sigma}.`);
  });
  if (shard === undefined) return;
  const { index, total, from, to } = shard;
  checkInteger(where, 'shard.total', total, 1);
  if (!Number.isInteger(index) || index < 1 || index > total) {
    throw new RangeError(`${where}: shard.index must be an integer in [1, ${total}], got ${index}.`);
  }
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < from || to > count) {
    throw new RangeError(`${where}: a shard must lie in [0, ${count}], got [${from}, ${to}].`);
  }
}

/**
 * Refuses to go on with another job.
 *
 * @param place - what holds samples of `begun`
 * @throws OnestepError `run-exists` that names every difference
 */
export function checkSameJob(place: string, begun: SampleJob, asked: SampleJob): void {
  const differences = jobDifferences(begun, asked);
  if (differences.length === 0) return;
  throw new OnestepError(
    'run-exists',
    `${place} holds samples of another job: ${differences.join('; ')}. Choose another place, or remove it.`,
    { details: { place, differences } },
  );
}

/** What differs, as `seed is 0 there, 1 here`. */
export function jobDifferences(there: SampleJob, here: SampleJob): string[] {
  const [a, b] = [flat(there), flat(here)];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => a[key] !== b[key])
    .map((key) => `${key} is ${brief(a[key])} there, ${brief(b[key])} here`);
}

/** Every value as canonical JSON, the settings beside the rest. */
function flat({ settings = {}, ...job }: SampleJob): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries({ ...job, ...settings }).map(([key, value]) => [key, canonical(value)]));
}

function canonical(value: unknown): string | undefined {
  if (Array.isArray(value)) return `[${value.map(canonical).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${key}: ${canonical(inner)}`).join(', ')}}`;
}

const brief = (text: string | undefined): string =>
  text === undefined ? 'absent' : text.length > 60 ? `${text.slice(0, 57)}...` : text;
