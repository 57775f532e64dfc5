import { float64Space, gaussianFlow, gaussianMixture } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { samplers, type Sampler } from '../../src';
import { exactFlow } from '../exact-flow';

const ordered = Object.entries<Sampler>(samplers).filter(
  // Adaptive samplers converge in their tolerances, not in a grid; they have tests of their own.
  ([, sampler]) =>
    sampler.order > 0 && sampler.stochastic !== 'always' && sampler.nfe({ sigmas: [1, 0] }) !== undefined,
);
// From levels near the data's std on, so that errors are already in the range where orders show.
const range = { sigmaMin: 0.1, sigmaMax: 5, rho: 7 };
const start = Float64Array.of(7, -4, 1, 2, -9, 0.5);

/**
 * A Karras grid whose steps shrink smoothly towards both ends, so that the first steps of multistep methods, and last ones that lower
 * their order, cost nothing: what is measured is the method itself.
 */
function levels(n: number): number[] {
  const [low, high] = [range.sigmaMin, range.sigmaMax].map((sigma) => sigma ** (1 / range.rho));
  return Array.from({ length: n }, (_, i) => {
    const t = i / (n - 1);
    const ramp = t ** 3 * (10 - 15 * t + 6 * t * t);
    if (i === 0) return range.sigmaMax;
    return i === n - 1 ? range.sigmaMin : (high + ramp * (low - high)) ** range.rho;
  });
}

/** Largest error after n levels. */
async function errorOf(
  sampler: Sampler,
  model: (x: Float64Array, sigma: number) => Float64Array,
  exact: Float64Array,
  n: number,
) {
  const result = await sampler.sample(model, start, { space: float64Space, sigmas: levels(n) });
  return Math.max(...exact.map((truth, i) => Math.abs(result[i] - truth)));
}

describe.each(ordered)('order of %s', (_, sampler) => {
  it('is as declared on a single Gaussian, against the closed form', async () => {
    const gaussian = { mean: [0.3, -0.2], std: 0.5 };
    const { denoise } = gaussianMixture({ weights: [1], means: [gaussian.mean], stds: [gaussian.std] });
    const exact = gaussianFlow(gaussian)(start, range.sigmaMax, range.sigmaMin);
    const coarse = await errorOf(sampler, denoise, exact, 325);
    const fine = await errorOf(sampler, denoise, exact, 649);
    expect(Math.abs(Math.log2(coarse / fine) - sampler.order)).toBeLessThan(0.1);
  });

  it('is as declared on a mixture, against a Runge-Kutta solution on a fine grid', async () => {
    const { denoise } = gaussianMixture({
      weights: [0.5, 0.3, 0.2],
      means: [
        [0.5, 0.5],
        [-0.6, 0.2],
        [0.1, -0.7],
      ],
      stds: [0.2, 0.3, 0.25],
    });
    const exact = exactFlow(denoise, start, range);
    const coarse = await errorOf(sampler, denoise, exact, 325);
    const fine = await errorOf(sampler, denoise, exact, 649);
    expect(Math.abs(Math.log2(coarse / fine) - sampler.order)).toBeLessThan(0.15);
  });
});
