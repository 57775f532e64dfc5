import { randomStream } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import {
  bootstrapInterval,
  extrapolateToInfinity,
  frechetDistance,
  frechetDistanceInfinity,
  frechetInterval,
  momentNotes,
  MomentStatistics,
} from '../../src/index';
import { gaussianPoints } from '../random-points';

const values = Float64Array.from(randomStream(5, 'test.values').normal(200));
const meanOf = (indices: Uint32Array): number => indices.reduce((sum, i) => sum + values[i], 0) / indices.length;

describe('bootstrapInterval', () => {
  it('gives a mean its known standard error, and intervals of its width', () => {
    const { estimate, lower, upper, standardError } = bootstrapInterval(200, meanOf);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - estimate) ** 2, 0) / 200);
    expect(standardError / (deviation / Math.sqrt(200))).toBeCloseTo(1, 1);
    expect((upper - lower) / (2 * 1.96 * standardError)).toBeCloseTo(1, 1);
    expect(lower).toBeLessThan(estimate);
    expect(upper).toBeGreaterThan(estimate);
  });

  it('covers the truth about as often as it says', () => {
    let covered = 0;
    for (let run = 0; run < 100; run += 1) {
      const draws = randomStream(run, 'test.coverage').normal(40);
      const mean = (indices: Uint32Array): number => indices.reduce((sum, i) => sum + draws[i], 0) / 40;
      const { lower, upper } = bootstrapInterval(40, mean, { resamples: 200, confidence: 0.9, seed: run });
      if (lower <= 0 && upper >= 0) covered += 1;
    }
    // Binomial(100, 0.9) has a standard deviation of 3; the percentile interval is a little too short at 40 samples.
    expect(covered).toBeGreaterThan(77);
    expect(covered).toBeLessThan(99);
  });

  it('follows its seed to the bit, and its methods agree on what they mean', () => {
    const run = (options: object) => bootstrapInterval(200, meanOf, { resamples: 50, ...options });
    expect(run({ seed: 3 })).toEqual(run({ seed: 3 }));
    expect(run({ seed: 4 }).lower).not.toBe(run({ seed: 3 }).lower);
    const [plain, centred, basic] = [run({}), run({ method: 'centred' }), run({ method: 'basic' })];
    expect(centred.lower).toBeCloseTo(plain.lower - plain.bias, 14);
    expect(basic.lower).toBeCloseTo(2 * plain.estimate - plain.upper, 14);
    expect(run({ confidence: 0.5 }).upper).toBeLessThan(plain.upper);
  });

  it('refuses one sample, bad options, and a statistic that is not finite', () => {
    expect(() => bootstrapInterval(1, () => 0)).toThrow('count must be an integer >= 2');
    expect(() => bootstrapInterval(2, () => 0, { resamples: 1 })).toThrow('resamples');
    expect(() => bootstrapInterval(2, () => 0, { confidence: 1 })).toThrow('confidence');
    expect(() => bootstrapInterval(2, (indices) => 1 / (indices[0] + indices[1] - 2))).toThrow('of resample');
  });
});

const blockOf = (seed: number, count = 50) =>
  new MomentStatistics(3).add(gaussianPoints(count, [0.2, 0, 0], seed).data);

describe('frechetInterval', () => {
  const reference = { mean: [0, 0, 0], covariance: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
  const blocks = Array.from({ length: 12 }, (_, i) => blockOf(i));

  it('surrounds the distance of all images together, and follows its seed', () => {
    const interval = frechetInterval(blocks, reference, { seed: 1 });
    const merged = blocks.reduce((all, block) => all.merge(block), new MomentStatistics(3));
    expect(interval.estimate).toBe(frechetDistance(merged, reference));
    expect(interval.lower).toBeLessThan(interval.estimate);
    expect(interval.upper).toBeGreaterThan(interval.estimate);
    expect(frechetInterval(blocks, reference, { seed: 1 })).toEqual(interval);
  });

  it('refuses one block and blocks of different counts', () => {
    expect(() => frechetInterval([blockOf(1)], reference)).toThrow('at least 2 blocks, got 1');
    expect(() => frechetInterval([blockOf(1), blockOf(2, 49)], reference)).toThrow('block 1 has 49 images');
  });
});

describe('extrapolateToInfinity', () => {
  it('continues an exact line, and tells how far from a line the scores are', () => {
    const counts = [100, 200, 400, 1000];
    const line = extrapolateToInfinity(
      counts,
      counts.map((count) => 2.5 + 300 / count),
    );
    expect(line.value).toBeCloseTo(2.5, 12);
    expect(line.slope).toBeCloseTo(300, 9);
    expect(line.residual).toBeLessThan(1e-12);
    expect(extrapolateToInfinity(counts, [5, 4, 3.5, 2.9]).standardError).toBeGreaterThan(0);
    expect(() => extrapolateToInfinity([5, 5], [1, 2])).toThrow('2 different counts');
    expect(() => extrapolateToInfinity([5, 6], [1, NaN])).toThrow('point 1 has count 6 and score NaN');
  });
});

describe('frechetDistanceInfinity', () => {
  const dimension = 6;
  const origin = Array.from({ length: dimension }, () => 0);
  const covariance = Float64Array.from({ length: dimension ** 2 }, (_, i) => (i % (dimension + 1) === 0 ? 1 : 0));
  const reference = { mean: origin, covariance };

  it('removes most of the bias of few samples in the mean', () => {
    let [plain, value] = [0, 0];
    for (let seed = 0; seed < 16; seed += 1) {
      const points = gaussianPoints(500, origin, seed);
      plain += frechetDistance(new MomentStatistics(dimension).add(points.data), reference) / 16;
      value += frechetDistanceInfinity(points, reference, { sizes: [150, 200, 300, 500] }).value / 16;
    }
    expect(plain).toBeGreaterThan(0.01);
    expect(Math.abs(value)).toBeLessThan(plain / 2);
  });

  it('ends at all points, and follows its seed', () => {
    const points = gaussianPoints(300, origin, 1);
    const { points: used, value } = frechetDistanceInfinity(points, reference);
    expect(used).toHaveLength(15);
    expect(used[0].count).toBe(30);
    const whole = frechetDistance(new MomentStatistics(dimension).add(points.data), reference);
    expect(used[14]).toEqual({ count: 300, score: whole });
    expect(frechetDistanceInfinity(points, reference).value).toBe(value);
    expect(frechetDistanceInfinity(points, reference, { seed: 1 }).value).not.toBe(value);
  });

  it('refuses too few points and sizes out of range', () => {
    const points = gaussianPoints(10, origin, 1);
    expect(() => frechetDistanceInfinity(points, reference)).toThrow('at least 20 points, got 10');
    expect(() => frechetDistanceInfinity(points, reference, { sizes: [5, 11] })).toThrow('integers in [2, 10], got 11');
  });
});

describe('momentNotes', () => {
  it('says what is unusual about the samples, and nothing else', () => {
    expect(momentNotes(new MomentStatistics(2).add([1, 1, 1, 1]))).toEqual(['All 2 samples have the same features.']);
    const [constant, few] = momentNotes(new MomentStatistics(2).add([1, 1, 1, 2]));
    expect(constant).toContain('1 of 2 features');
    expect(few).toContain('2 samples in 2 dimensions');
    expect(momentNotes(blockOf(1))).toEqual([]);
  });
});
