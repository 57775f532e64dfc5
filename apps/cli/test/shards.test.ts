import { describe, expect, it } from 'vitest';
import { shardOf, shardText } from '../src/compose/shards';

describe('shardOf', () => {
  it('draws everything without a flag or an array job', () => {
    expect(shardOf({}, {})).toBeUndefined();
    expect(shardOf({ shards: 1 }, {})).toBeUndefined();
  });

  it('reads the index of a Kubernetes job, which counts from 0 and does not tell of how many', () => {
    expect(shardOf({ shards: 4 }, { JOB_COMPLETION_INDEX: '3' })).toEqual({ index: 4, total: 4 });
    expect(() => shardOf({}, { JOB_COMPLETION_INDEX: '0' })).toThrow(/--shards N, or --shard 1\/1/);
    expect(() => shardOf({ shards: 3 }, { JOB_COMPLETION_INDEX: '3' })).toThrow(/none of 3 shards/);
    expect(() => shardOf({ shards: 3 }, { JOB_COMPLETION_INDEX: 'x' })).toThrow(/integer >= 0, got "x"/);
  });

  it('reads a Slurm array, wherever it begins', () => {
    const env = { SLURM_ARRAY_TASK_ID: '14', SLURM_ARRAY_TASK_COUNT: '3', SLURM_ARRAY_TASK_MIN: '10' };
    expect(shardOf({}, { ...env, SLURM_ARRAY_TASK_STEP: '2' })).toEqual({ index: 3, total: 3 });
    expect(shardOf({ shards: 5 }, env)).toEqual({ index: 5, total: 5 });
    expect(() => shardOf({}, env)).toThrow(/SLURM_ARRAY_TASK_ID = 14 is none of 3 shards/);
  });

  it('believes flags first', () => {
    const env = { JOB_COMPLETION_INDEX: '3' };
    expect(shardOf({ shard: { index: 1, total: 1 } }, env)).toEqual({ index: 1, total: 1 });
    expect(() => shardOf({ shard: { index: 1, total: 2 }, shards: 3 }, {})).toThrow(/contradicts --shard 1\/2/);
    expect(() => shardOf({ shards: 3 }, {})).toThrow(/Pass --shard I\/N/);
  });

  it('takes I/N from 1 on', () => {
    expect(shardText('2/3')).toEqual({ index: 2, total: 3 });
    for (const text of ['0/3', '4/3', '1', '1/0', 'a/b', '1/2/3']) expect(() => shardText(text)).toThrow(/I\/N/);
  });
});
