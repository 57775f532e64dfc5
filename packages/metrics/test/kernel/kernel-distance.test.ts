import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fullKernelDistance, kernelDistance } from '../../src/index';
import { gaussianPoints, shuffled } from '../random-points';

const zeros = [0, 0, 0, 0];

describe('fullKernelDistance', () => {
  it('is its definition on a handful of points', () => {
    const a = { shape: [2, 1], data: [1, 2] };
    const b = { shape: [3, 1], data: [0, 1, 3] };
    const k = (x: number, y: number): number => (x * y + 1) ** 3;
    const within = k(1, 2) + (k(0, 1) + k(0, 3) + k(1, 3)) / 3;
    const across = (k(1, 0) + k(1, 1) + k(1, 3) + k(2, 0) + k(2, 1) + k(2, 3)) / 6;
    expect(fullKernelDistance(a, b)).toBeCloseTo(within - 2 * across, 12);
  });

  it('does not depend on the order of the points and is symmetric', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const a = gaussianPoints(70, zeros, seed);
        const b = gaussianPoints(65, [1, 0, 0, 0], seed + 1);
        const base = fullKernelDistance(a, b);
        expect(fullKernelDistance(shuffled(a, 1), shuffled(b, 2))).toBeCloseTo(base, 12);
        expect(fullKernelDistance(b, a)).toBeCloseTo(base, 12);
      }),
      { numRuns: 10 },
    );
  });

  it('scatters around zero for samples of one law: below as well as above', () => {
    const values = Array.from({ length: 200 }, (_, seed) =>
      fullKernelDistance(gaussianPoints(20, zeros, 2 * seed), gaussianPoints(20, zeros, 2 * seed + 1)),
    );
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const error = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / values.length;
    expect(Math.abs(mean)).toBeLessThan(4 * error);
    expect(values.filter((value) => value < 0).length).toBeGreaterThan(60);
  });
});

describe('kernelDistance', () => {
  const a = gaussianPoints(60, zeros, 1);
  const b = gaussianPoints(50, [0.5, 0, 0, 0], 2);

  it('of one subset with all points is the full estimate', () => {
    const indices = { a: [Array.from({ length: 60 }, (_, i) => i)], b: [Array.from({ length: 50 }, (_, i) => 49 - i)] };
    const { mean, std } = kernelDistance(a, b, { indices });
    expect(mean).toBeCloseTo(fullKernelDistance(a, b), 12);
    expect(std).toBe(0);
  });

  it('follows its seed to the bit, and takes other kernels', () => {
    const options = { subsets: 5, subsetSize: 20 };
    expect(kernelDistance(a, b, options)).toEqual(kernelDistance(a, b, options));
    expect(kernelDistance(a, b, { ...options, seed: 1 }).mean).not.toBe(kernelDistance(a, b, options).mean);
    // A linear kernel compares means alone: the unbiased estimate of |mean gap|^2.
    const linear = fullKernelDistance(gaussianPoints(800, zeros, 3), gaussianPoints(800, [2, 0, 0, 0], 4), {
      degree: 1,
      gamma: 1,
      offset: 0,
    });
    expect(linear).toBeCloseTo(4, 0);
  });

  it('refuses small sets, NaN and bad options by name', () => {
    expect(() => kernelDistance(a, b)).toThrow('a has 60 points, subsets have 1000. Pass a smaller subsetSize.');
    expect(() => kernelDistance(a, b, { subsetSize: 55 })).toThrow('b has 50 points');
    expect(() => kernelDistance(a, b, { subsets: 0 })).toThrow('subsets must be an integer >= 1');
    expect(() => kernelDistance(a, b, { indices: { a: [[0, 60]], b: [[0, 1]] } })).toThrow('indices.a[0]');
    expect(() => kernelDistance(a, b, { indices: { a: [], b: [] } })).toThrow('expected pairs');
    expect(() => fullKernelDistance(a, b, { degree: 1.5 })).toThrow('degree');
    expect(() => fullKernelDistance(a, b, { gamma: 0 })).toThrow('gamma');
    const one = { shape: [1, 4], data: zeros };
    expect(() => fullKernelDistance(a, one)).toThrow('at least 2 points');
    const broken = { shape: b.shape, data: b.data.with(9, Infinity) };
    expect(() => kernelDistance(a, broken)).toThrow('b has Infinity in point 2');
    expect(() => kernelDistance(a, gaussianPoints(60, [0], 1))).toThrow('a has 4 numbers per point, b has 1');
  });

  it('is zero, not NaN, for two sets of one image', () => {
    const same = { shape: [5, 4], data: new Float64Array(20).fill(0.3) };
    expect(fullKernelDistance(same, same)).toBeCloseTo(0, 14);
  });
});
