import { describe, expect, it } from 'vitest';
import { pidStepSize } from '../../src/internal/pid-step-size';

const options = { initial: 0.1, order: 2, proportional: 0, integral: 1, derivative: 0, acceptSafety: 0.81 };

describe('pidStepSize', () => {
  it('keeps the size of a step whose error is the tolerance', () => {
    const control = pidStepSize(options);
    expect(control.accepts(1)).toBe(true);
    expect(control.size()).toBeCloseTo(0.1, 8);
  });

  it('multiplies the size by 1 + atan(f - 1), f the root of the inverse error, where only I is at work', () => {
    const control = pidStepSize(options);
    expect(control.accepts(0.25)).toBe(true);
    expect(control.size()).toBeCloseTo(0.1 * (1 + Math.atan(1)), 7);
  });

  it('refuses a step with too much error and shrinks', () => {
    const control = pidStepSize(options);
    expect(control.accepts(4)).toBe(false);
    expect(control.size()).toBeCloseTo(0.1 * (1 + Math.atan(-0.5)), 7);
  });

  it('grows by no more than 1 + pi / 2, also for no error at all', () => {
    const control = pidStepSize(options);
    expect(control.accepts(0)).toBe(true);
    expect(control.size()).toBeLessThan(0.1 * (1 + Math.PI / 2));
  });

  it('weighs the errors of accepted steps alone, beside the trial', () => {
    // b = (1, -1, 0) / 2: the factor is the root of the last accepted error over this one.
    const control = pidStepSize({ ...options, proportional: 1, integral: 0 });
    control.accepts(1);
    control.accepts(4);
    const size = control.size();
    control.accepts(1);
    expect(control.size()).toBeCloseTo(size, 8);
  });
});
