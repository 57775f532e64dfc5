import { expect } from 'vitest';

/** Golden tolerance for float64 implementations of schedules. */
export const float64Tolerance = 1e-12;
/** Golden tolerance for float32 references or implementations. */
export const float32Tolerance = 1e-5;

/** Asserts |actual - expected| <= tolerance (1 + max |expected|), the rule of the golden data. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  const scale = 1 + Math.max(0, ...Array.from(expected, Math.abs));
  let worst = 0;
  for (let i = 0; i < expected.length; i += 1) {
    const gap = Object.is(actual[i], expected[i]) ? 0 : Math.abs(actual[i] - expected[i]);
    worst = Math.max(worst, Number.isNaN(gap) ? Infinity : gap);
  }
  expect(worst / scale).toBeLessThanOrEqual(tolerance);
}
