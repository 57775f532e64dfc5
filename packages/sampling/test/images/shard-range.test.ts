import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shardRange } from '../../src';

describe('shardRange', () => {
  it('covers every image once, in order, with shards of nearly equal size', () => {
    const numbers = fc.record({
      count: fc.nat(100_000),
      total: fc.integer({ min: 1, max: 70 }),
      batchSize: fc.integer({ min: 1, max: 300 }),
    });
    fc.assert(
      fc.property(numbers, ({ count, total, batchSize }) => {
        const shards = Array.from({ length: total }, (_, i) => shardRange(count, { index: i + 1, total, batchSize }));
        expect(shards[0].from).toBe(0);
        expect(shards[total - 1].to).toBe(count);
        shards.slice(1).forEach(({ from }, i) => expect(from).toBe(shards[i].to));
        const sizes = shards.map(({ from, to }) => to - from);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(2 * batchSize);
      }),
    );
  });

  it('cuts between batches where there are enough of them', () => {
    const at = (index: number) => shardRange(1000, { index, total: 3, batchSize: 64 });
    expect([at(1), at(2), at(3)].map(({ from, to }) => [from, to])).toEqual([
      [0, 320],
      [320, 640],
      [640, 1000],
    ]);
    expect(shardRange(100, { index: 2, total: 3, batchSize: 64 })).toEqual({ index: 2, total: 3, from: 33, to: 66 });
  });

  it.each([
    [{ index: 0, total: 3 }, 'index must be an integer in [1, 3], got 0'],
    [{ index: 4, total: 3 }, 'index must be an integer in [1, 3], got 4'],
    [{ index: 1, total: 0 }, 'total must be an integer >= 1, got 0'],
    [{ index: 1, total: 1, batchSize: 0.5 }, 'batchSize must be an integer >= 1, got 0.5'],
  ])('refuses %j', (shard, message) => {
    expect(() => shardRange(10, shard)).toThrow(message);
  });
});
