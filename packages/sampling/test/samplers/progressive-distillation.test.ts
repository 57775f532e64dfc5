import { appendZero, float64Space, karrasSigmas } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { euler, progressiveDistillation } from '../../src';

const space = float64Space;
const model = (x: Float64Array): Float64Array => x.map(Math.tanh);
const x = Float64Array.of(70, -30);

describe('progressiveDistillation', () => {
  it('takes Euler steps and stops at sigmaMin', async () => {
    const options = { space, sigmas: karrasSigmas(5) };
    expect(await progressiveDistillation.sample(model, x, options)).toEqual(await euler.sample(model, x, options));
  });

  it('refuses a final 0: no student was trained to go there', async () => {
    const sigmas = appendZero(karrasSigmas(5));
    await expect(progressiveDistillation.sample(model, x, { space, sigmas })).rejects.toThrow(
      'progressiveDistillation: sigmas must be finite and > 0 (this sampler takes no final 0), but sigmas[5] = 0.',
    );
  });
});
