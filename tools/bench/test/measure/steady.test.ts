import { describe, expect, it } from 'vitest';
import { watchSteps } from '../../src/measure/steady';

describe('watchSteps', () => {
  it('tells a constant count from a growing one', async () => {
    const still = await watchSteps(() => Promise.resolve(), { steps: 5, tensors: () => 7, memoryMb: () => 1 });
    expect(still).toMatchObject({ steps: 5, tensorsAtStart: 7, tensorsMin: 7, tensorsMax: 7 });
    let tensors = 0;
    const step = (): Promise<void> => {
      tensors += 1;
      return Promise.resolve();
    };
    const growing = await watchSteps(step, { steps: 20, tensors: () => tensors, memoryMb: () => tensors });
    expect(growing).toMatchObject({
      tensorsAtStart: 1,
      tensorsMin: 1,
      tensorsMax: 20,
      memoryMbEarly: 2,
      memoryMbEnd: 20,
    });
  });

  it('refuses less than one step', async () => {
    const options = { steps: 0, tensors: () => 0 };
    await expect(watchSteps(() => Promise.resolve(), options)).rejects.toThrow(/steps must be an integer >= 1/);
  });
});
