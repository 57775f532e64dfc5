import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { energyDistance, rmse, slicedWasserstein } from '../../src/index';
import { gaussianPoints, shuffled } from '../random-points';

const vector = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 });
const moved = (points: { shape: number[]; data: Float64Array }, by: readonly number[]) => ({
  shape: points.shape,
  data: points.data.map((value, i) => value + by[i % by.length]),
});

describe('slicedWasserstein', () => {
  it('is the distance of two points on a line', () => {
    expect(slicedWasserstein({ shape: [1, 1], data: [2] }, { shape: [1, 1], data: [5] })).toBeCloseTo(3, 12);
  });

  it('is the distance of sorted points in one dimension', () => {
    const a = { shape: [3], data: [3, 1, 2] };
    const b = { shape: [3], data: [2, 4, 7] };
    expect(slicedWasserstein(a, b)).toBeCloseTo(Math.sqrt((1 + 4 + 16) / 3), 12);
  });

  it('is exactly zero for one set in two orders', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const points = gaussianPoints(20, [0, 1, 2], seed);
        expect(slicedWasserstein(points, shuffled(points, seed), { projections: 8 })).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it('gives for a shift the mean square of its projections, whatever the points', () => {
    fc.assert(
      fc.property(vector, fc.nat(), (shift, seed) => {
        const points = gaussianPoints(15, [0, 0, 0], seed);
        const origin = { shape: [1, 3], data: [0, 0, 0] };
        const options = { projections: 16, seed: 3 };
        expect(slicedWasserstein(points, moved(points, shift), options)).toBeCloseTo(
          slicedWasserstein(origin, { shape: [1, 3], data: shift }, options),
          10,
        );
      }),
      { numRuns: 30 },
    );
  });

  it('is |shift| / sqrt(d) between Gaussians with shifted means', () => {
    const mean = [2, 0, 0, 0];
    const a = gaussianPoints(2000, [0, 0, 0, 0], 1);
    const b = gaussianPoints(2000, mean, 2);
    // Over 400 directions the mean of 4 u_1^2 spreads by 0.05 around 1, its root by 0.025; four times that is allowed.
    expect(Math.abs(slicedWasserstein(a, b, { projections: 400 }) - 1)).toBeLessThan(0.1);
  });

  it('does not change with equal shifts, is symmetric, and follows its seed', () => {
    const a = gaussianPoints(40, [0, 0, 0], 1);
    const b = gaussianPoints(40, [1, 0, 0], 2);
    const base = slicedWasserstein(a, b, { seed: 1 });
    expect(slicedWasserstein(moved(a, [5, -2, 1]), moved(b, [5, -2, 1]), { seed: 1 })).toBeCloseTo(base, 10);
    expect(slicedWasserstein(b, a, { seed: 1 })).toBe(base);
    expect(slicedWasserstein(a, b, { seed: 2 })).not.toBe(base);
  });

  it('refuses unequal counts and bad options', () => {
    const a = gaussianPoints(4, [0], 1);
    expect(() => slicedWasserstein(a, gaussianPoints(5, [0], 1))).toThrow('expected equal counts');
    expect(() => slicedWasserstein(a, a, { projections: 0 })).toThrow('integer >= 1, got 0');
    expect(() => slicedWasserstein(a, { shape: [4, 1], data: [0, 1, NaN, 2] })).toThrow('b has NaN in point 2');
    expect(() => slicedWasserstein(a, { shape: [4, 2], data: [0] })).toThrow('expected [N, ...]');
  });
});

describe('energyDistance', () => {
  it('is its definition on a handful of points', () => {
    const a = { shape: [2, 1], data: [0, 1] };
    const b = { shape: [2, 1], data: [3, 5] };
    // Mean distances: across (3 + 5 + 2 + 4) / 4, within 1 and 2 (unbiased) or half of it.
    expect(energyDistance(a, b)).toBeCloseTo(7 - 1 - 2, 12);
    expect(energyDistance(a, b, { estimator: 'biased' })).toBeCloseTo(7 - 0.5 - 1, 12);
  });

  it('does not depend on the order of the points or on blocks', () => {
    const a = gaussianPoints(300, [0, 0], 1);
    const b = gaussianPoints(260, [0.5, 0], 2);
    const base = energyDistance(a, b);
    expect(energyDistance(shuffled(a, 1), shuffled(b, 2))).toBeCloseTo(base, 12);
    expect(energyDistance(b, a)).toBeCloseTo(base, 12);
    expect(energyDistance(moved(a, [7, 1]), moved(b, [7, 1]))).toBeCloseTo(base, 10);
  });

  it('biased, is zero for equal sets and never negative', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (first, second) => {
        const a = gaussianPoints(12, [0, 0], first);
        const b = gaussianPoints(9, [0, 0], second);
        expect(energyDistance(a, shuffled(a, 1), { estimator: 'biased' })).toBeCloseTo(0, 12);
        expect(energyDistance(a, b, { estimator: 'biased' })).toBeGreaterThan(-1e-12);
      }),
      { numRuns: 30 },
    );
  });

  it('is near the closed form for Gaussians on a line', () => {
    // E|Z| of N(m, s^2) is s sqrt(2/pi) exp(-m^2 / 2 s^2) + m erf(m / (s sqrt 2)); here m = 1 or 0, s^2 = 2.
    const across = Math.sqrt(4 / Math.PI) * Math.exp(-0.25) + 0.5204998778;
    const expected = 2 * across - 2 * Math.sqrt(4 / Math.PI);
    expect(energyDistance(gaussianPoints(2000, [0], 1), gaussianPoints(2000, [1], 2))).toBeCloseTo(expected, 1);
    expect(Math.abs(energyDistance(gaussianPoints(2000, [0], 3), gaussianPoints(2000, [0], 4)))).toBeLessThan(0.005);
  });

  it('refuses a single point without a within-set distance', () => {
    const one = { shape: [1, 2], data: [0, 0] };
    expect(() => energyDistance(one, one)).toThrow('at least 2 points');
    expect(energyDistance(one, one, { estimator: 'biased' })).toBe(0);
    expect(() => energyDistance(one, { shape: [1, 1], data: [0] })).toThrow('a has 2 numbers per point, b has 1');
  });
});

describe('rmse', () => {
  it('is the size of a constant gap', () => {
    const a = gaussianPoints(6, [0, 0, 0], 1);
    expect(rmse(a, moved(a, [2, -2, 2]))).toBeCloseTo(2, 12);
    expect(rmse(a, a)).toBe(0);
    expect(rmse({ shape: [1, 2], data: [0, 0] }, { shape: [1, 2], data: [3, 4] })).toBeCloseTo(5 / Math.SQRT2, 12);
  });

  it('refuses sets that are no pairs', () => {
    expect(() => rmse(gaussianPoints(2, [0], 1), gaussianPoints(3, [0], 1))).toThrow('expected pairs');
  });
});
