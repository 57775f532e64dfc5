import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { euclideanPairs, pairwiseDiversity, randomPairs } from '../../src/index';
import { gaussianPoints } from '../random-points';

describe('pairwiseDiversity', () => {
  it('is the mean over all pairs where they are few, in any batches', async () => {
    const points = { shape: [3, 1], data: [0, 1, 4] };
    const expected = { mean: 8 / 3, pairs: 3, equalPairs: 0 };
    expect(await pairwiseDiversity(3, euclideanPairs(points))).toMatchObject(expected);
    expect(await pairwiseDiversity(3, euclideanPairs(points), { batchSize: 1 })).toMatchObject(expected);
  });

  it('is near 2 / sqrt(pi) for unit Gaussians on a line, with an honest error', async () => {
    const { mean, standardError } = await pairwiseDiversity(3000, euclideanPairs(gaussianPoints(3000, [0], 1)), {
      pairs: 3000,
    });
    expect(Math.abs(mean - 2 / Math.sqrt(Math.PI))).toBeLessThan(5 * standardError);
  });

  it('counts equal images', async () => {
    const same = { shape: [4, 2], data: new Float64Array(8) };
    expect(await pairwiseDiversity(4, euclideanPairs(same))).toMatchObject({ mean: 0, std: 0, equalPairs: 6 });
  });

  it('refuses distances that do not fit', async () => {
    await expect(pairwiseDiversity(3, () => [1])).rejects.toThrow('got 1 distances for 3 pairs');
    await expect(pairwiseDiversity(2, () => Promise.resolve([NaN]))).rejects.toThrow('points 0 and 1 is NaN');
    await expect(pairwiseDiversity(1, () => [])).rejects.toThrow('integer >= 2, got 1');
    await expect(pairwiseDiversity(3, () => [], { batchSize: 0 })).rejects.toThrow('batchSize');
  });
});

describe('randomPairs', () => {
  it('never pairs a point with itself, and follows its seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 1, max: 60 }), fc.nat(), (count, pairs, seed) => {
        const chosen = randomPairs(count, pairs, seed);
        expect(chosen.length).toBe(Math.min(pairs, (count * (count - 1)) / 2));
        for (const [first, second] of chosen) {
          expect(first).not.toBe(second);
          expect(Math.max(first, second)).toBeLessThan(count);
        }
        expect(randomPairs(count, pairs, seed)).toEqual(chosen);
      }),
      { numRuns: 50 },
    );
  });
});
