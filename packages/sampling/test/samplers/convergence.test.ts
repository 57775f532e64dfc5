import { float64Space, gaussianFlow, gaussianMixture, karrasSigmas } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { samplers, type Sampler } from '../../src';

const ordered = Object.entries<Sampler>(samplers).filter(
  ([, { order, stochastic }]) => order > 0 && stochastic !== 'always',
);
const range = { sigmaMin: 0.01, sigmaMax: 10, rho: 7 };
const start = Float64Array.of(7, -4, 1, 2, -9, 0.5);

/** Largest error after n levels. */
async function errorOf(
  sampler: Sampler,
  model: (x: Float64Array, sigma: number) => Float64Array,
  exact: Float64Array,
  n: number,
) {
  const result = await sampler.sample(model, start, { space: float64Space, sigmas: karrasSigmas(n, range) });
  return Math.max(...exact.map((truth, i) => Math.abs(result[i] - truth)));
}

describe.each(ordered)('order of %s', (_, sampler) => {
  it('is as declared on a single Gaussian, against the closed form', async () => {
    const gaussian = { mean: [0.3, -0.2], std: 0.5 };
    const { denoise } = gaussianMixture({ weights: [1], means: [gaussian.mean], stds: [gaussian.std] });
    const exact = gaussianFlow(gaussian)(start, range.sigmaMax, range.sigmaMin);
    const coarse = await errorOf(sampler, denoise, exact, 161);
    const fine = await errorOf(sampler, denoise, exact, 321);
    expect(Math.abs(Math.log2(coarse / fine) - sampler.order)).toBeLessThan(0.1);
  });

  it('is as declared on a mixture, against itself on a much finer grid', async () => {
    const { denoise } = gaussianMixture({
      weights: [0.5, 0.3, 0.2],
      means: [
        [0.5, 0.5],
        [-0.6, 0.2],
        [0.1, -0.7],
      ],
      stds: [0.2, 0.3, 0.25],
    });
    const exact = await samplers.heun.sample(denoise, start, {
      space: float64Space,
      sigmas: karrasSigmas(20_001, range),
    });
    const coarse = await errorOf(sampler, denoise, exact, 321);
    const fine = await errorOf(sampler, denoise, exact, 641);
    expect(Math.abs(Math.log2(coarse / fine) - sampler.order)).toBeLessThan(0.15);
  });
});
