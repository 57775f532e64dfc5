import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lagrangeIntegrals } from '../../src/internal/lagrange';

const level = fc.double({ min: 0.01, max: 80, noNaN: true });
const distinct = fc
  .uniqueArray(fc.integer({ min: 1, max: 800 }), { minLength: 1, maxLength: 5 })
  .map((tenths) => tenths.map((value) => value / 10));

describe('integrals of the Lagrange basis', () => {
  it('integrate every polynomial that the nodes determine exactly', () => {
    fc.assert(
      fc.property(distinct, level, level, (nodes, from, to) => {
        const weights = lagrangeIntegrals(nodes, from, to);
        const scale = weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
        nodes.forEach((_, power) => {
          const sum = nodes.reduce((total, node, j) => total + weights[j] * (node / 80) ** power, 0);
          const exact = (80 / (power + 1)) * ((to / 80) ** (power + 1) - (from / 80) ** (power + 1));
          expect(Math.abs(sum - exact)).toBeLessThan(1e-11 * (1 + scale));
        });
      }),
    );
  });

  it('are the weights of Adams and Bashforth on equal steps', () => {
    const expected = [55, -59, 37, -9].map((weight) => weight / 24);
    lagrangeIntegrals([3, 2, 1, 0], 3, 4).forEach((weight, j) => expect(weight).toBeCloseTo(expected[j], 13));
  });

  it('follow the clock: a line in u integrates as the clock says', () => {
    // u = sigma^2, one on the way from 2 to 1 and f = u: int sigma^2 dsigma.
    const weights = lagrangeIntegrals([2, 3], 2, 1, (sigma) => sigma * sigma);
    expect(weights[0] * 4 + weights[1] * 9).toBeCloseTo(-7 / 3, 13);
    expect(weights[0] + weights[1]).toBeCloseTo(-1, 14);
  });

  it('stand a clock that is singular at 0', () => {
    const weights = lagrangeIntegrals([1, 4], 1, 0, Math.sqrt);
    // f = sqrt(sigma) is a line in this clock: int_1^0 sqrt(sigma) dsigma = -2/3.
    expect(weights[0] + 2 * weights[1]).toBeCloseTo(-2 / 3, 12);
  });
});
