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

  it('falls along half a cosine', () => {
    const schedule = { learningRate: 8, warmupSteps: 0, decay: { shape: 'cosine', from: 0.5, to: 0.5 } } as const;
    expect(learningRateAt(at(49), schedule)).toBe(8);
    expect(learningRateAt(at(74), schedule)).toBeCloseTo(6, 12);
    expect(learningRateAt(at(99), schedule)).toBeCloseTo(4, 12);
    const whole = { learningRate: 8, warmupSteps: 0, decay: { shape: 'cosine' } } as const;
    expect(learningRateAt(at(99), whole)).toBeCloseTo(0, 12);
    expect(learningRateAt(at(24), whole)).toBeCloseTo(4 * (1 + Math.SQRT1_2), 12);
  });

  it('falls with the inverse square root of the steps beyond the reference', () => {
    const decay = { shape: 'inverse-sqrt', referenceSteps: 16 } as const;
    const schedule = { learningRate: 8, warmupSteps: 4, decay };
    expect([0, 3, 16, 64].map((step) => learningRateAt(at(step), schedule))).toEqual([2, 8, 8, 4]);
    const bad = { ...schedule, decay: { shape: 'inverse-sqrt' } } as const;
    expect(() => learningRateAt(at(0), bad)).toThrow('decay.referenceSteps must be > 0');
  });
});
