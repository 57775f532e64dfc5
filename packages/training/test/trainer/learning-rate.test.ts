import { describe, expect, it } from 'vitest';
import { learningRateAt } from '@onestep/training';

const at = (step: number) => ({ step, totalSteps: 100 });

describe('learningRateAt', () => {
  it('rises linearly to its full value, which it keeps', () => {
    const rates = [0, 1, 3, 4, 99].map((step) => learningRateAt(at(step), { learningRate: 8, warmupSteps: 4 }));
    expect(rates).toEqual([2, 4, 8, 8, 8]);
    expect(learningRateAt(at(0), { learningRate: 8, warmupSteps: 0 })).toBe(8);
  });

  it('falls linearly from the given part of the run to the given share', () => {
    const schedule = { learningRate: 8, warmupSteps: 0, decay: { from: 0.5, to: 0.25 } };
    expect([0, 49].map((step) => learningRateAt(at(step), schedule))).toEqual([8, 8]);
    expect(learningRateAt(at(74), schedule)).toBeCloseTo(5, 12);
    expect(learningRateAt(at(99), schedule)).toBeCloseTo(2, 12);
  });
});
