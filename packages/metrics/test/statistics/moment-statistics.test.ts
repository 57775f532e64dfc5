import { randomStream } from '@onestep/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MomentStatistics } from '../../src/index';

const dimension = 5;
const features = randomStream(3, 'test.features').normal(200 * dimension);

/** Splits rows at the given places. */
function shards(cuts: readonly number[]): Float32Array[] {
  const edges = [0, ...[...cuts].sort((a, b) => a - b), 200];
  return edges.slice(1).map((end, i) => features.subarray(edges[i] * dimension, end * dimension));
}

describe('MomentStatistics', () => {
  it('has the mean and the covariance of its definition', () => {
    const { mean, covariance } = new MomentStatistics(dimension).add(features).moments();
    for (let i = 0; i < dimension; i += 1) {
      let sum = 0;
      for (let k = 0; k < 200; k += 1) sum += features[k * dimension + i];
      expect(mean[i]).toBeCloseTo(sum / 200, 7);
      for (let j = 0; j < dimension; j += 1) {
        let scatter = 0;
        for (let k = 0; k < 200; k += 1) {
          scatter += (features[k * dimension + i] - mean[i]) * (features[k * dimension + j] - mean[j]);
        }
        expect(covariance[i * dimension + j]).toBeCloseTo(scatter / 199, 7);
      }
    }
  });

  it('gives the same bits for every sharding and every order of merging', () => {
    const whole = new MomentStatistics(dimension).add(features).sums();
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 7 }), fc.boolean(), (cuts, reversed) => {
        const parts = shards(cuts).map((part) => new MomentStatistics(dimension).add(part));
        if (reversed) parts.reverse();
        const merged = parts.reduce((all, part) => all.merge(part), new MomentStatistics(dimension));
        expect(merged.sums()).toEqual(whole);
      }),
    );
  });

  it('keeps the covariance where means are a million times larger than deviations', () => {
    const far = Float32Array.from(features, (value) => 200 + Math.round(value * 16) / 2 ** 16);
    const centred = Float32Array.from(far, (value) => value - 200);
    const shifted = new MomentStatistics(dimension).add(far).moments().covariance;
    const expected = new MomentStatistics(dimension).add(centred).moments().covariance;
    for (let i = 0; i < dimension ** 2; i += 1) expect(shifted[i] / expected[i]).toBeCloseTo(1, 9);
  });

  it('refuses features that are not finite or out of range, and keeps what it had', () => {
    const statistics = new MomentStatistics(2).add([1, 2]);
    const before = statistics.sums();
    expect(() => statistics.add([1, 2, 3, NaN])).toThrow('feature 1 of sample 1 must be finite');
    expect(() => statistics.add([256, 0])).toThrow(RangeError);
    expect(() => statistics.add([1])).toThrow('multiple of the dimension 2');
    expect(statistics.sums()).toEqual(before);
    expect(new MomentStatistics(2, { range: 512 }).add([256, 0]).count).toBe(1);
  });

  it('refuses what it cannot sum exactly', () => {
    const sums = { ...new MomentStatistics(1).add([1]).sums(), count: 2 ** 21 };
    expect(() => MomentStatistics.fromSums(sums).add([1])).toThrow('exact up to 2097152 samples');
    expect(() => new MomentStatistics(1).merge(new MomentStatistics(2))).toThrow('expected 1, 256 and 32');
    expect(() => new MomentStatistics(0)).toThrow(RangeError);
    expect(() => new MomentStatistics(1, { range: 3 })).toThrow('power of two');
    expect(() => new MomentStatistics(1).add([1]).moments()).toThrow('at least 2 samples');
  });

  it('gives the same bits on a coarse grid, whether sums of products fit 53 bits or are cut one by one', () => {
    const width = 70;
    // Features near the bound need the slow way, and stand in a corner of the second block of dimensions.
    const wide = randomStream(4, 'test.wide').normal(600 * width);
    for (let k = 0; k < 600; k += 7) wide[k * width + 66] = k % 2 === 0 ? 255.5 : -254.25;
    const options = { bits: 24 };
    const whole = new MomentStatistics(width, options).add(wide);
    const parts = [0, 1, 2, 100, 411].map((from, i, cuts) =>
      new MomentStatistics(width, options).add(wide.subarray(from * width, (cuts[i + 1] ?? 600) * width)),
    );
    const merged = parts.reverse().reduce((all, part) => all.merge(part), new MomentStatistics(width, options));
    expect(merged.sums()).toEqual(whole.sums());
    expect(merged.moments()).toEqual(whole.moments());
    const fine = new MomentStatistics(width).add(wide).moments().covariance;
    const deviation = (i: number): number => Math.sqrt(fine[i * width + i]);
    Array.from(whole.moments().covariance).forEach((value, at) => {
      // Rounding moves a feature by 2^-17 at most, and a covariance by that times the deviation of the other.
      const bound = 2 ** -17 * (deviation(Math.floor(at / width)) + deviation(at % width)) + 2 ** -33;
      expect(Math.abs(value - fine[at])).toBeLessThan(1.01 * bound);
    });
  });

  it('refuses grids that it cannot sum on, and does not merge different ones', () => {
    expect(() => new MomentStatistics(1, { bits: 33 })).toThrow('bits must be an integer in [16, 32], got 33');
    expect(() => new MomentStatistics(1).merge(new MomentStatistics(1, { bits: 24 }))).toThrow('and 24 bits');
  });
});
