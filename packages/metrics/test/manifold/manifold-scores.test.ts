import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { densityCoverage, precisionRecall } from '../../src/index';
import { gaussianPoints, shuffled } from '../random-points';

const origin = [0, 0, 0];

describe('precisionRecall', () => {
  it('is 1 and 1 for a set and itself, and 0 and 0 for sets far apart', () => {
    const a = gaussianPoints(80, origin, 1);
    expect(precisionRecall(a, a)).toEqual({ precision: 1, recall: 1, emptyBalls: { real: 0, generated: 0 } });
    expect(precisionRecall(a, gaussianPoints(80, [100, 0, 0], 2))).toMatchObject({ precision: 0, recall: 0 });
  });

  it('counts balls on a line', () => {
    // Radii with k = 1: 1, 1, 2 of the real points and 3, 3 of the generated.
    const real = { shape: [3, 1], data: [0, 1, 3] };
    const generated = { shape: [2, 1], data: [4, 7] };
    expect(precisionRecall(real, generated, { k: 1 })).toMatchObject({ precision: 1 / 2, recall: 2 / 3 });
    expect(precisionRecall(real, generated, { k: 1, balls: 'open' })).toMatchObject({
      precision: 1 / 2,
      recall: 1 / 3,
    });
  });

  it('exchanges its values with the sets and does not depend on the order, to the bit', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), (seed, k) => {
        const a = gaussianPoints(70, origin, seed);
        const b = gaussianPoints(66, [1, 0, 0], seed + 1);
        const { precision, recall } = precisionRecall(a, b, { k });
        expect(precisionRecall(b, a, { k })).toMatchObject({ precision: recall, recall: precision });
        expect(precisionRecall(shuffled(a, 1), shuffled(b, 2), { k })).toMatchObject({ precision, recall });
        expect(densityCoverage(shuffled(a, 1), shuffled(b, 2), { k })).toEqual(densityCoverage(a, b, { k }));
      }),
      { numRuns: 15 },
    );
  });

  it('does not change with a shift and a change of scale that float64 holds exactly', () => {
    const a = gaussianPoints(40, origin, 3);
    const b = gaussianPoints(40, [1, 0, 0], 4);
    const doubled = (points: typeof a) => ({ shape: points.shape, data: points.data.map((value) => 2 * value) });
    expect(precisionRecall(doubled(a), doubled(b))).toEqual(precisionRecall(a, b));
  });

  it('names balls that copies leave without a radius instead of giving NaN', () => {
    const same = { shape: [6, 2], data: new Float64Array(12).fill(1) };
    expect(precisionRecall(same, same)).toEqual({ precision: 1, recall: 1, emptyBalls: { real: 6, generated: 6 } });
    expect(densityCoverage(same, same)).toEqual({ density: 0, coverage: 0, emptyBalls: 6 });
  });

  it('refuses k that is not below the counts, and broken features', () => {
    const a = gaussianPoints(4, origin, 1);
    expect(() => precisionRecall(a, a, { k: 4 })).toThrow('k must be an integer in [1, 3]');
    expect(() => densityCoverage(a, a)).toThrow('k must be an integer in [1, 3], below the number of points, got 5');
    expect(() => precisionRecall(a, { shape: [4, 3], data: a.data.with(4, NaN) })).toThrow('b has NaN in point 1');
    expect(() => precisionRecall(a, gaussianPoints(4, [0], 1))).toThrow('a has 3 numbers per point');
  });
});

describe('densityCoverage', () => {
  it('is near 1 and 1 - 2^-k for samples of one law', () => {
    const { density, coverage } = densityCoverage(gaussianPoints(600, origin, 1), gaussianPoints(600, origin, 2));
    expect(density).toBeGreaterThan(0.85);
    expect(density).toBeLessThan(1.15);
    expect(Math.abs(coverage - (1 - 2 ** -5))).toBeLessThan(0.03);
  });

  it('accepts a single generated point', () => {
    const real = { shape: [3, 1], data: [0, 1, 3] };
    expect(densityCoverage(real, { shape: [1, 1], data: [0.5] }, { k: 1 })).toEqual({
      density: 2,
      coverage: 2 / 3,
      emptyBalls: 0,
    });
  });
});
