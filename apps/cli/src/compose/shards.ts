import { InvalidArgumentError } from 'commander';
import { UsageError } from '../errors';

/** Which part of a stream a process draws. */
export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly total: number;
}

/** Parses `i/n`, i from 1. */
export function shardText(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text.trim());
  const [index, total] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || total < 1 || index < 1 || index > total) {
    throw new InvalidArgumentError('Expected I/N with 1 <= I <= N, for example 2/3.');
  }
  return { index, total };
}

/**
 * The shard of this process: what was asked for, else what an array job of Kubernetes or Slurm says.
 *
 * @param asked - `--shard` and `--shards`
 * @param env - `JOB_COMPLETION_INDEX` (from 0; Kubernetes does not tell how many there are), or `SLURM_ARRAY_TASK_ID` with
 * `SLURM_ARRAY_TASK_COUNT` (or `--shards`), `_MIN` and `_STEP`
 * @returns undefined for a process that draws everything
 * @throws UsageError if the environment and the flags do not make a shard
 */
export function shardOf(
  asked: { readonly shard?: Shard | undefined; readonly shards?: number | undefined },
  env: Readonly<Record<string, string | undefined>>,
): Shard | undefined {
  const { shard, shards } = asked;
  if (shard !== undefined) {
    if (shards === undefined || shards === shard.total) return shard;
    throw new UsageError(`--shards: ${shards} contradicts --shard ${shard.index}/${shard.total}. Leave one out.`);
  }
  const { JOB_COMPLETION_INDEX: completion, SLURM_ARRAY_TASK_ID: task } = env;
  if (completion !== undefined && completion !== '') {
    const index = wholeNumber('JOB_COMPLETION_INDEX', completion);
    return checked('JOB_COMPLETION_INDEX', completion, index, shards);
  }
  if (task !== undefined && task !== '') {
    const number = (name: string, fallback: number): number => {
      const text = env[name];
      return text === undefined || text === '' ? fallback : wholeNumber(name, text);
    };
    const first = number('SLURM_ARRAY_TASK_MIN', 0);
    const index = (wholeNumber('SLURM_ARRAY_TASK_ID', task) - first) / number('SLURM_ARRAY_TASK_STEP', 1);
    const count = number('SLURM_ARRAY_TASK_COUNT', 0);
    return checked('SLURM_ARRAY_TASK_ID', task, index, shards ?? (count > 0 ? count : undefined));
  }
  if (shards === undefined || shards === 1) return undefined;
  throw new UsageError(
    '--shards: which of them is this? Pass --shard I/N, or run as an indexed job (JOB_COMPLETION_INDEX or SLURM_ARRAY_TASK_ID).',
  );
}

function checked(name: string, text: string, index: number, total: number | undefined): Shard {
  if (total === undefined) {
    throw new UsageError(
      `${name} is ${text}, but the number of shards is unknown. Pass --shards N, or --shard 1/1 to draw all samples here.`,
    );
  }
  if (!Number.isInteger(index) || index < 0 || index >= total) {
    throw new UsageError(`${name} = ${text} is none of ${total} shards. Pass --shard I/N.`);
  }
  return { index: index + 1, total };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text.trim())) return value;
  throw new UsageError(`${name}: expected an integer >= 0, got "${text}". Pass --shard I/N.`);
}

/**
 * Items of one part of `total`, cut at multiples of `batchSize` so that every batch is that of the whole.
 *
 * @throws UsageError if there are fewer batches than parts
 */
export function cutShard(
  total: number,
  batchSize: number,
  { index, total: parts }: Shard,
): readonly [from: number, to: number] {
  const batches = Math.ceil(total / batchSize);
  if (batches < parts) {
    throw new UsageError(
      `--shard: ${total} images are ${batches} batches of ${batchSize}, too few for ${parts} parts. Pass a smaller --batch-size to all of them.`,
    );
  }
  const edge = (part: number): number => Math.min(total, Math.floor((part * batches) / parts) * batchSize);
  return [edge(index - 1), edge(index)];
}
