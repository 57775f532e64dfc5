import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostTensor } from '@onestep/tensor';
import { sampleSpread } from '@onestep/training';
import { noLimit } from '../../../src/step/update-limits';
import { checkAverages } from '../../../src/trainer/watch/check-averages';
import { outlierLimit } from '../../../src/trainer/watch/outlier-limit';
import { checkSamples, judgesSamples } from '../../../src/trainer/watch/sample-spread';
import { emptyWatch } from '../../../src/trainer/watch/watch-state';

const options = { factor: 10, window: 8 };

describe('outlierLimit', () => {
  it('is a multiple of the median for positive values, whatever a single one of them is', () => {
    expect(outlierLimit([2, 2, 2, 2, 2], options)).toBe(20);
    expect(outlierLimit([2, 2, 2, 2, 1e9], options)).toBe(20);
  });

  it('goes by the spread where the median is near zero, as of losses that may be negative', () => {
    const limit = outlierLimit([-1, 1, -1, 1, 0], options);
    expect(limit).toBeCloseTo(9 * 1.4826, 4);
    expect(outlierLimit([-5, -5.1, -4.9, -5], options)).toBeCloseTo(40, 0);
  });

  it('says nothing before half the window is full, or without a factor', () => {
    expect(outlierLimit([1, 1, 1], options)).toBe(noLimit);
    expect(outlierLimit([1, 1, 1, 1, 1], { factor: null, window: 8 })).toBe(noLimit);
    expect(outlierLimit([3e38, 3e38, 3e38, 3e38], options)).toBe(noLimit);
  });

  it('is never below the median, and keeps what is within a factor of it', () => {
    const values = fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 4, maxLength: 8 });
    fc.assert(
      fc.property(values, (seen) => {
        const sorted = [...seen].sort((a, b) => a - b);
        const lower = sorted[(sorted.length - 1) >> 1];
        expect(outlierLimit(seen, options)).toBeGreaterThanOrEqual(Math.fround(10 * lower) * (1 - 1e-6));
      }),
    );
  });
});

describe('checkAverages', () => {
  const groups = (student: number, ema: number) => ({
    student: { a: hostTensor(Float32Array.of(student)) },
    'ema.x': { a: hostTensor(Float32Array.of(ema)) },
    'optimizer.m': { a: hostTensor(Float32Array.of(NaN)) },
  });

  it('compares with the check before, and says nothing at the first', () => {
    const first = checkAverages(emptyWatch, groups(1, 1), 10);
    expect([first.dead, first.broken]).toEqual([[], []]);
    expect(checkAverages(first.state, groups(2, 1), 20).dead.map(({ what }) => what)).toEqual([
      'the average "x" has not moved since the last check, though the student has,',
    ]);
    expect(checkAverages(first.state, groups(1, 1), 20).dead).toEqual([]);
    expect(checkAverages(first.state, groups(2, 1.5), 20).dead).toEqual([]);
  });

  it('finds what is not finite', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      expect(checkAverages(emptyWatch, groups(1, value), 10).broken).toHaveLength(1);
    }
  });
});

describe('sampleSpread', () => {
  it('is the deviation between images, not within them', () => {
    expect(sampleSpread(hostTensor(Float32Array.of(-1, 1, -1, 1), [2, 2]))).toBe(0);
    expect(sampleSpread(hostTensor(Float32Array.of(0, 0, 2, 2), [2, 2]))).toBeCloseTo(Math.SQRT2, 12);
    expect(() => sampleSpread(hostTensor(new Float32Array(4), [1, 4]))).toThrow('at least 2 images, got 1');
  });

  it('is compared with that of a batch; a spread that is no number has collapsed too', () => {
    const batch = hostTensor(Float32Array.of(0, 0, 2, 2), [2, 2]);
    const check = (std: number, fraction = 0.1) => checkSamples({ std }, batch, { step: 3, fraction });
    expect(check(0.15)).toBeUndefined();
    expect(check(0.14)).toMatchObject({ kind: 'samples', step: 3 });
    expect(check(NaN)).toBeDefined();
    expect(check(0, 0)).toBeUndefined();
  });

  it('is judged from a share of the run on, and never before the watch has seen its window', () => {
    const judged = (step: number, totalSteps: number, samplesFrom = 0.5) =>
      judgesSamples({ step, totalSteps }, { samplesFrom, window: 100 });
    expect([judged(499, 1000), judged(500, 1000)]).toEqual([false, true]);
    expect([judged(4, 4), judged(99, 100), judged(100, 100)]).toEqual([false, false, true]);
    expect([judged(99, 1000, 0), judged(100, 1000, 0), judged(999, 1000, 1)]).toEqual([false, true, false]);
  });
});
