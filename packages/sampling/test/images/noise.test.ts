import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialNoise, stepNoise } from '../../src';

const shape = [4, 4, 1];
const index = fc.integer({ min: 0, max: 10_000 });

describe('noise of images', () => {
  it('depends on seed and image number alone, not on the batch', () => {
    fc.assert(
      fc.property(fc.array(index, { minLength: 1, maxLength: 6 }), fc.nat(), (indices, seed) => {
        const batch = initialNoise({ seed, indices, shape, sigmaMax: 80 });
        indices.forEach((number, i) => {
          const alone = initialNoise({ seed, indices: [number], shape, sigmaMax: 80 });
          expect(batch.data.subarray(i * 16, (i + 1) * 16)).toEqual(alone.data);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('scales with the first noise level', () => {
    const unit = initialNoise({ seed: 1, indices: [7], shape, sigmaMax: 1 });
    const scaled = initialNoise({ seed: 1, indices: [7], shape, sigmaMax: 64 });
    expect(scaled.data).toEqual(Float32Array.from(unit.data, (value) => 64 * value));
  });

  it('differs between the start and every step', () => {
    const options = { seed: 1, indices: [7], shape };
    const draws = [
      initialNoise({ ...options, sigmaMax: 1 }),
      stepNoise({ ...options, step: 0 }),
      stepNoise({ ...options, step: 1 }),
    ];
    expect(new Set(draws.map(({ data }) => data[0])).size).toBe(3);
  });

  it('has mean 0 and variance 1', () => {
    const data = Float64Array.from(
      initialNoise({ seed: 3, indices: [0, 1, 2, 3], shape: [64, 64, 1], sigmaMax: 1 }).data,
    );
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const variance = data.reduce((sum, value) => sum + value * value, 0) / data.length;
    // Five standard errors of each.
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(data.length));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / data.length));
  });
});
