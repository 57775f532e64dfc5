import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rectifiedFlowSigmas } from '../../src';

describe('rectifiedFlowSigmas', () => {
  it('begins at sigmaMax, ends at 0, and is evenly spaced in 1 / (1 + sigma)', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0.5, max: 999, noNaN: true }),
        (steps, sigmaMax) => {
          const sigmas = rectifiedFlowSigmas(steps, sigmaMax);
          expect([sigmas.length, sigmas[0], sigmas[steps]]).toEqual([steps + 1, sigmaMax, 0]);
          const times = sigmas.map((sigma) => 1 / (1 + sigma));
          const width = (1 - times[0]) / steps;
          times.slice(1).forEach((time, i) => expect(time - times[i]).toBeCloseTo(width, 12));
        },
      ),
    );
  });

  it('refuses no steps and no noise', () => {
    expect(() => rectifiedFlowSigmas(0, 80)).toThrow(RangeError);
    expect(() => rectifiedFlowSigmas(4, 0)).toThrow(RangeError);
  });
});
