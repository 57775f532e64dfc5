import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memorisation, nearestNeighbours, nearestWithin } from '../../src/index';
import { gaussianPoints } from '../random-points';

const origin = [0, 0, 0, 0];

describe('nearestNeighbours', () => {
  it('finds what sorting all distances finds', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 7 }), (seed, k) => {
        const queries = gaussianPoints(9, origin, seed);
        const reference = gaussianPoints(70, origin, seed + 1);
        const { indices, distances } = nearestNeighbours(queries, reference, { k });
        for (let q = 0; q < 9; q += 1) {
          const all = Array.from({ length: 70 }, (_, r) => {
            let squares = 0;
            for (let c = 0; c < 4; c += 1) squares += (queries.data[q * 4 + c] - reference.data[r * 4 + c]) ** 2;
            return { r, distance: Math.sqrt(squares) };
          }).sort((a, b) => a.distance - b.distance);
          expect(Array.from(indices.subarray(q * k, (q + 1) * k))).toEqual(all.slice(0, k).map(({ r }) => r));
          expect(distances[q * k]).toBeCloseTo(all[0].distance, 12);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('takes the lower index of copies, and leaves out the point itself within one set', () => {
    const points = { shape: [4, 1], data: [5, 0, 5, 5] };
    expect(Array.from(nearestNeighbours({ shape: [1], data: [5] }, points, { k: 3 }).indices)).toEqual([0, 2, 3]);
    const { indices, distances } = nearestWithin(points, { k: 2 });
    expect(Array.from(indices)).toEqual([2, 3, 0, 2, 0, 3, 0, 2]);
    expect(Array.from(distances)).toEqual([0, 0, 5, 5, 0, 0, 0, 0]);
  });

  it('refuses k out of range', () => {
    const points = gaussianPoints(3, origin, 1);
    expect(() => nearestNeighbours(points, points, { k: 4 })).toThrow('3 here, got 4');
    expect(() => nearestWithin(points, { k: 3 })).toThrow('2 here, got 3');
  });
});

describe('memorisation', () => {
  const training = gaussianPoints(200, origin, 1);
  const heldOut = gaussianPoints(150, origin, 2);

  it('finds copies exactly', () => {
    const generated = gaussianPoints(30, origin, 3);
    generated.data.set(training.data.subarray(17 * 4, 18 * 4), 5 * 4);
    const { copies, nearest, byRatio, distances } = memorisation(generated, training);
    expect(copies).toBe(1);
    expect(nearest[5]).toBe(17);
    expect(distances[5]).toBe(0);
    expect(byRatio).toContain(5);
  });

  it('is calm about new points of the same law, and alarmed by training points with a little noise', () => {
    const fresh = memorisation(gaussianPoints(150, origin, 4), training, { heldOut, falseAlarms: 0.05 });
    expect(Math.abs(fresh.calibrated?.score ?? NaN)).toBeLessThan(3);
    expect(fresh.calibrated?.share).toBeLessThan(0.15);
    const noise = gaussianPoints(150, origin, 5);
    const near = { shape: [150, 4], data: noise.data.map((value, i) => training.data[i] + 0.02 * value) };
    const memorised = memorisation(near, training, { heldOut, falseAlarms: 0.05 });
    expect(memorised.calibrated?.score).toBeLessThan(-8);
    expect(memorised.calibrated?.share).toBeGreaterThan(0.9);
    expect(memorised.byRatio.length / 150).toBeGreaterThan(memorised.calibrated?.heldOutByRatio ?? 1);
    const far = memorisation(gaussianPoints(150, [4, 4, 4, 4], 6), training, { heldOut });
    expect(far.calibrated?.score).toBeGreaterThan(8);
  });

  it('suspects the promised share of the held-out points themselves', () => {
    const { calibrated } = memorisation(heldOut, training, { heldOut, falseAlarms: 0.1 });
    expect(calibrated?.share).toBeCloseTo(0.1, 2);
    expect(calibrated?.score).toBe(0);
  });

  it('gives 1, not NaN, as the ratio where the training set has copies', () => {
    const same = { shape: [3, 2], data: new Float64Array(6) };
    const result = memorisation(same, same, { heldOut: same });
    expect(Array.from(result.ratios)).toEqual([1, 1, 1]);
    expect(result).toMatchObject({ copies: 3, calibrated: { score: 0, suspects: [] } });
  });

  it('refuses one training point and bad options', () => {
    const one = { shape: [1, 4], data: origin };
    expect(() => memorisation(heldOut, one)).toThrow('at least 2 training points');
    expect(() => memorisation(heldOut, training, { heldOut: one })).toThrow('at least 2 held-out points');
    expect(() => memorisation(heldOut, training, { falseAlarms: 0 })).toThrow('falseAlarms');
    expect(() => memorisation(heldOut, training, { ratio: 2 })).toThrow('ratio');
  });
});
