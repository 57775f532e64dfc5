import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { erf } from '../../src/internal/erf';
import { between } from '../support/arbitrary';

// Python 3: [(x, math.erf(x)) for x in (...)]
const reference: readonly (readonly [number, number])[] = [
  [1e-10, 1.1283791670955126e-10],
  [0.01, 0.011283415555849616],
  [0.1, 0.1124629160182849],
  [0.3, 0.3286267594591274],
  [0.5, 0.5204998778130465],
  [0.8, 0.7421009647076605],
  [1.0, 0.8427007929497149],
  [1.3, 0.9340079449406524],
  [1.7, 0.9837904585907745],
  [1.99, 0.995111413199617],
  [2.0, 0.9953222650189527],
  [2.01, 0.9955248493552482],
  [2.5, 0.999593047982555],
  [3.0, 0.9999779095030014],
  [3.7, 0.9999998328489421],
  [4.5, 0.9999999998033839],
  [5.5, 0.9999999999999927],
  [7.0, 1.0],
  [10.0, 1.0],
  [20.0, 1.0],
];

describe('erf', () => {
  it('equals the values of the C library', () => {
    for (const [x, value] of reference) expect(Math.abs(erf(x) - value)).toBeLessThan(1e-15);
  });

  it('is odd and monotone, across the change of method at 2 too', () => {
    fc.assert(
      fc.property(between(-6, 6), between(1e-3, 1), (x, step) => {
        expect(erf(-x)).toBe(-erf(x));
        expect(erf(x + step)).toBeGreaterThanOrEqual(erf(x));
      }),
    );
    expect(erf(2 + 1e-12) - erf(2 - 1e-12)).toBeLessThan(1e-13);
  });

  it('handles 0, infinity and NaN', () => {
    expect([erf(0), erf(Infinity), erf(-Infinity), erf(Number.NaN)]).toEqual([0, 1, -1, Number.NaN]);
  });
});
