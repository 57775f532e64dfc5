import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataWeights, noiseWeights } from '../../src/internal/exponential-weights';

const length = fc.double({ min: 0.05, max: 3, noNaN: true });
const ratio = fc.double({ min: 0.3, max: 3, noNaN: true });

/** Sum of weights over outputs that are m(u) at u = 0, -r0 h, -(r0 + r1) h. */
function applied(weights: readonly number[], [r0, r1]: readonly number[], h: number, m: (u: number) => number): number {
  const at = [0, -r0 * h, -(r0 + r1) * h];
  return weights.reduce((sum, weight, k) => sum + weight * m(at[k]), 0);
}

/** int_0^h e^(sign (h - u)) m(u) du by Simpson's rule. */
function integral(h: number, sign: number, m: (u: number) => number): number {
  const n = 400;
  const f = (u: number): number => Math.exp(sign * (h - u)) * m(u);
  return Array.from({ length: n }, (_, i) => {
    const [a, b] = [(i * h) / n, ((i + 1) * h) / n];
    return ((b - a) / 6) * (f(a) + 4 * f((a + b) / 2) + f(b));
  }).reduce((sum, part) => sum + part, 0);
}

const parabola = (u: number): number => 0.3 - 1.1 * u + 0.7 * u * u;
const line = (u: number): number => 0.3 - 1.1 * u;

describe('weights of the exponential integrators', () => {
  it('integrate a line exactly with two outputs and the form "heun"', () => {
    fc.assert(
      fc.property(length, ratio, (h, r) => {
        const weights = dataWeights(h, [r], { second: 'heun' });
        expect(applied(weights, [r, 1], h, line)).toBeCloseTo(integral(h, -1, line), 10);
      }),
    );
  });

  it('integrate a parabola exactly with three outputs and the exact second difference', () => {
    fc.assert(
      fc.property(length, ratio, ratio, (h, r0, r1) => {
        const ratios = [r0, r1];
        const data = dataWeights(h, ratios, { curvature: 'exact' });
        expect(applied(data, ratios, h, parabola)).toBeCloseTo(integral(h, -1, parabola), 9);
        // In units of -sigmaNext: e^h over the noise, whose integral runs forward.
        const noise = noiseWeights(h, ratios, { curvature: 'exact' });
        expect(applied(noise, ratios, h, parabola)).toBeCloseTo(integral(h, 1, parabola), 8);
      }),
    );
  });

  it('count half of the curvature as released', () => {
    const [h, r0, r1] = [0.4, 1.2, 0.8];
    const weights = dataWeights(h, [r0, r1]);
    const square = (u: number): number => u * u;
    expect(applied(weights, [r0, r1], h, square)).toBeCloseTo(integral(h, -1, square) / 2, 10);
  });

  it('add up to 1 - e^-h for data and e^h - 1 for noise', () => {
    fc.assert(
      fc.property(length, fc.array(ratio, { maxLength: 2 }), (h, ratios) => {
        const sum = (weights: readonly number[]): number => weights.reduce((total, weight) => total + weight, 0);
        expect(sum(dataWeights(h, ratios))).toBeCloseTo(-Math.expm1(-h), 10);
        expect(sum(noiseWeights(h, ratios))).toBeCloseTo(Math.expm1(h), 9);
      }),
    );
  });
});
