import { appendZero, float64Space, gaussianFlow, gaussianMixture, karrasSigmas } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { euler, unipc, type UnipcOptions } from '../../src';

const space = float64Space;
const model = (x: Float64Array, sigma: number): Float64Array => x.map((value) => Math.tanh(value) / (1 + sigma));
const x = Float64Array.of(40, -70, 5);
const sigmas = appendZero(karrasSigmas(9));
const gaussian = { mean: [0.3, -0.2], std: 0.5 };
const { denoise } = gaussianMixture({ weights: [1], means: [gaussian.mean], stds: [gaussian.std] });

async function errorOf(own: UnipcOptions, n: number): Promise<number> {
  const range = { sigmaMin: 0.01, sigmaMax: 10 };
  const start = Float64Array.of(7, -4, 1, 2);
  const exact = gaussianFlow(gaussian)(start, range.sigmaMax, range.sigmaMin);
  const result = await unipc.sample(denoise, start, { ...own, space, sigmas: karrasSigmas(n, range) });
  return Math.max(...exact.map((truth, i) => Math.abs(truth - result[i])));
}

describe('unipc', () => {
  it('is Euler where there is a single step', async () => {
    const options = { space, sigmas: [80, 3] };
    const expected = await euler.sample(model, x, options);
    for (const predict of ['data', 'noise'] as const) {
      const result = await unipc.sample(model, x, { ...options, predict });
      result.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 11));
    }
  });

  it.each(['data', 'noise'] as const)('gains an order from its corrector (%s)', async (predict) => {
    for (const bFunction of ['bh1', 'bh2'] as const) {
      for (const order of [1, 2]) {
        const own = { order, predict, bFunction };
        const measured = Math.log2((await errorOf(own, 41)) / (await errorOf(own, 81)));
        expect(Math.abs(measured - (order + 1))).toBeLessThan(0.2);
      }
    }
  });

  it('lowers the order of the last steps on demand', async () => {
    const [lowered] = await unipc.sample(model, x, { space, sigmas: sigmas.slice(0, -1) });
    const [kept] = await unipc.sample(model, x, { space, sigmas: sigmas.slice(0, -1), lowerOrderFinal: false });
    expect(lowered).not.toBeCloseTo(kept, 6);
  });

  it('corrects the last step on demand, for one call more', async () => {
    const options = { space, sigmas: [80, 3], correctFinal: true, order: 2 };
    const [result] = await unipc.sample(model, x, options);
    // The corrector of order 1 is the trapezoidal rule on the estimates at both ends.
    const [predicted] = await euler.sample(model, x, options);
    const estimates = [model(x, 80)[0], model(Float64Array.of(predicted), 3)[0]];
    const ratio = 3 / 80;
    expect(result).toBeCloseTo(ratio * x[0] + ((1 - ratio) * (estimates[0] + estimates[1])) / 2, 12);
    expect(unipc.nfe(options)).toBe(2);
    // A step to 0 is the estimate itself, which nothing is left to correct.
    expect(unipc.nfe({ sigmas, correctFinal: true })).toBe(unipc.nfe({ sigmas }));
    expect(await unipc.sample(model, x, { space, sigmas, correctFinal: true })).toEqual(
      await unipc.sample(model, x, { space, sigmas }),
    );
  });

  it.each(['data', 'noise'] as const)(
    'has the order of its corrector also where the last step is corrected (%s)',
    async (predict) => {
      const own = { order: 2, predict, correctFinal: true };
      const measured = Math.log2((await errorOf(own, 41)) / (await errorOf(own, 81)));
      expect(Math.abs(measured - 3)).toBeLessThan(0.2);
    },
  );

  it.each([
    [{ order: 4 }, 'unipc: order must be an integer in [1, 3], got 4.'],
    [{ bFunction: 'vary' as 'bh1' }, 'unipc: bFunction must be one of bh1, bh2, got "vary".'],
    [{ predict: 'v' as 'data' }, 'unipc: predict must be one of data, noise, got "v".'],
  ])('refuses %j', async (own, message) => {
    await expect(unipc.sample(model, x, { space, sigmas, ...own })).rejects.toThrow(message);
  });
});
