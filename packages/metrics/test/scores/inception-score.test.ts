import { randomStream } from '@onestep/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inceptionScore } from '../../src/index';

const random = (count: number, classes: number, seed: number) => ({
  shape: [count, classes],
  data: randomStream(seed, 'test.logits').normal(count * classes),
});

describe('inceptionScore', () => {
  it('is the number of classes for certain images spread evenly, and 1 for images all alike', () => {
    const certain = { shape: [4, 4], data: Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1000 : 0)) };
    expect(inceptionScore(certain, { splits: 1 }).mean).toBeCloseTo(4, 12);
    const alike = { shape: [6, 3], data: [0.1, 2, 3].flatMap(() => [0.1, 2, 3, 0.1, 2, 3]) };
    expect(inceptionScore(alike, { splits: 2 })).toMatchObject({ mean: 1, std: 0 });
  });

  it('lies between 1 and the classes, and does not change with the order or a constant added to an image', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: -50, max: 50, noNaN: true }), (seed, shift) => {
        const logits = random(12, 5, seed);
        const { mean } = inceptionScore(logits, { splits: 1 });
        expect(mean).toBeGreaterThanOrEqual(1);
        expect(mean).toBeLessThanOrEqual(5);
        const moved = { shape: logits.shape, data: Float64Array.from(logits.data, (value) => value + shift) };
        expect(inceptionScore(moved, { splits: 1 }).mean).toBeCloseTo(mean, 10);
        expect(inceptionScore(logits, { splits: 1, shuffleSeed: seed }).mean).toBeCloseTo(mean, 12);
      }),
      { numRuns: 30 },
    );
  });

  it('splits in order, and needs the shuffle where images are sorted by class', () => {
    const sorted = {
      shape: [40, 2],
      data: Array.from({ length: 80 }, (_, i) => (i % 2 === Math.floor(i / 40) ? 50 : 0)),
    };
    expect(inceptionScore(sorted, { splits: 2 }).mean).toBeCloseTo(1, 10);
    expect(inceptionScore(sorted, { splits: 2, shuffleSeed: 1 }).mean).toBeGreaterThan(1.8);
    expect(inceptionScore(sorted, { splits: 2, shuffleSeed: 1 })).toEqual(
      inceptionScore(sorted, { splits: 2, shuffleSeed: 1 }),
    );
  });

  it('refuses more splits than images and logits that are not finite', () => {
    expect(() => inceptionScore(random(9, 3, 1))).toThrow('splits must be an integer in [1, 9], got 10');
    expect(() => inceptionScore({ shape: [2, 2], data: [0, 1, 2, NaN] }, { splits: 1 })).toThrow('NaN in point 1');
  });
});
