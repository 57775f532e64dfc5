import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ratios, summarize } from '../../src/measure/summary';

describe('summarize', () => {
  it('takes the middle of an odd number of values and the mean of the middle two of an even number', () => {
    expect(summarize([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9, runs: 3 });
    expect(summarize([4, 1, 2, 100])).toEqual({ median: 3, min: 1, max: 100, runs: 4 });
  });

  it('does not depend on the order and leaves the list as it was', () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, (list) => {
        const before = [...list];
        const summary = summarize(list);
        expect(list).toEqual(before);
        expect(summarize([...list].reverse())).toEqual(summary);
        expect(summary.min).toBeLessThanOrEqual(summary.median);
        expect(summary.median).toBeLessThanOrEqual(summary.max);
        expect(list.filter((value) => value <= summary.median).length * 2).toBeGreaterThanOrEqual(list.length);
      }),
    );
  });

  it('refuses an empty list and values that are not finite', () => {
    expect(() => summarize([])).toThrow(/empty/);
    expect(() => summarize([1, Number.NaN])).toThrow(/finite, got NaN/);
  });
});

describe('ratios', () => {
  it('divides measurements of the same round', () => {
    expect(ratios([6, 9], [2, 3])).toEqual([3, 3]);
  });

  it('refuses lists of different length', () => {
    expect(() => ratios([1], [1, 2])).toThrow(/same length/);
  });
});
