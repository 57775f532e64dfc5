import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emaDecay, maxRelativeStd, powerExponent, powerRelativeStd } from '@onestep/training';

describe('powerExponent', () => {
  it('agrees with the published values of the two usual widths', () => {
    expect(powerExponent(0.05)).toBeCloseTo(16.97, 2);
    expect(powerExponent(0.1)).toBeCloseTo(6.94, 2);
  });

  it('is the inverse of powerRelativeStd', () => {
    const width = fc.double({ min: 1e-4, max: maxRelativeStd, noNaN: true });
    fc.assert(
      fc.property(width, (relativeStd) => {
        const gamma = powerExponent(relativeStd);
        expect(gamma).toBeGreaterThan(0);
        expect(Math.abs(powerRelativeStd(gamma) / relativeStd - 1)).toBeLessThan(1e-9);
      }),
    );
  });

  it.each([0, -0.1, 0.3, Number.NaN])('refuses %d', (width) => {
    expect(() => powerExponent(width)).toThrow(RangeError);
  });
});

describe('emaDecay with a power rule', () => {
  const decayOf = (step: number, relativeStd = 0.1) =>
    emaDecay({ power: { relativeStd } }, { imagesSeen: 8 * (step - 1), batchSize: 8 });

  it('is (1 - 1 / t)^(gamma + 1) at step t: the first average is the weights themselves', () => {
    expect(decayOf(1)).toBe(0);
    for (const t of [2, 10, 1000]) expect(decayOf(t)).toBeCloseTo((1 - 1 / t) ** (powerExponent(0.1) + 1), 12);
  });

  it('gives step k of t the weight (k^(gamma + 1) - (k - 1)^(gamma + 1)) / t^(gamma + 1), of the width asked for', () => {
    const t = 400;
    const weights: number[] = [];
    for (let k = 1; k <= t; k += 1) {
      const decay = decayOf(k);
      weights.forEach((weight, i) => (weights[i] = weight * decay));
      weights.push(1 - decay);
    }
    const power = powerExponent(0.1) + 1;
    weights.forEach((weight, i) => expect(weight).toBeCloseTo(((i + 1) ** power - i ** power) / t ** power, 12));
    const mean = weights.reduce((sum, weight, i) => sum + weight * (i + 0.5), 0) / t;
    const variance = weights.reduce((sum, weight, i) => sum + weight * ((i + 0.5) / t - mean) ** 2, 0);
    expect(Math.sqrt(variance)).toBeCloseTo(0.1, 3);
  });
});
