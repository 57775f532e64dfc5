import { describe, expect, it } from 'vitest';
import { compare, compareAll } from '../src/compare';

describe('compare', () => {
  it('measures relative to one plus the largest reference value', () => {
    const comparison = compare([1, 9.1], [1, 9], { kind: 'rel', value: 0.02 });
    expect(comparison.maxAbs).toBeCloseTo(0.1, 12);
    expect(comparison.maxRel).toBeCloseTo(0.01, 12);
    expect(comparison.passed).toBe(true);
  });

  it('measures gradients relative to their largest entry alone', () => {
    expect(compare([0.0011], [0.001], { kind: 'peak', value: 0.05 }).passed).toBe(false);
  });

  it.each([[[Number.NaN]], [[Infinity]], [[]], [[1, 1]]])('never passes %j for [1]', (actual) => {
    expect(compare(actual, [1], { kind: 'abs', value: 1e9 }).passed).toBe(false);
  });

  it('lets the worst tensor speak for all', () => {
    const tensors = { good: [[1], [1]], bad: [[1], [2]], fair: [[1], [1.1]] } as const;
    expect(compareAll(tensors, { kind: 'abs', value: 0.5 })).toMatchObject({ passed: false, maxAbs: 1, note: 'bad' });
  });

  it('does not pass where there is nothing to compare', () => {
    expect(compareAll({}, { kind: 'abs', value: 1 }).passed).toBe(false);
  });
});
