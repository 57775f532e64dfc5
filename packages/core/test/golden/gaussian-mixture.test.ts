import { tf, useBackend } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { float64Space, gaussianMixture, heunStep, karrasSigmas } from '../../src';
import { expectClose, float32Tolerance } from '../support/close';
import { goldenFolder, readSampler, type GoldenTensor } from '../support/golden';

/** Golden tolerance for float64 implementations of samplers. */
const float64SamplerTolerance = 1e-9;

interface File {
  d: number;
  sigma_min: number;
  sigma_max: number;
  rho: number;
  gmm: Record<'weights' | 'means' | 'stds', GoldenTensor>;
  denoiser_check: Record<'x' | 'sigma' | 'denoised' | 'score' | 'log_density', GoldenTensor>;
  x_T: GoldenTensor;
  pf_ode_solution_at_sigma_min: { value: GoldenTensor; heun_max_error_by_n: Record<string, number> };
}

describe.runIf(goldenFolder() !== undefined)('golden Gaussian mixtures', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  for (const name of ['gmm2d', 'gmm16d']) {
    const read = () => {
      const file = readSampler(name) as File;
      const { weights, means, stds } = file.gmm;
      const rows = weights.data.map((_, k) => means.data.slice(k * file.d, (k + 1) * file.d));
      return { file, mixture: gaussianMixture({ weights: weights.data, means: rows, stds: stds.data }) };
    };

    it(`${name}: denoiser, score and log density, in doubles and on tensors`, () => {
      const { file, mixture } = read();
      const { x, sigma, denoised, score, log_density } = file.denoiser_check;
      const collected = { denoised: [] as number[], score: [] as number[], logDensity: [] as number[] };
      sigma.data.forEach((level, i) => {
        const point = Float64Array.from(x.data.slice(i * file.d, (i + 1) * file.d));
        collected.denoised.push(...mixture.denoise(point, level));
        collected.score.push(...mixture.score(point, level));
        collected.logDensity.push(...mixture.logDensity(point, level));
      });
      expectClose(collected.denoised, denoised.data, float64SamplerTolerance);
      expectClose(collected.score, score.data, float64SamplerTolerance);
      expectClose(collected.logDensity, log_density.data, float64SamplerTolerance);
      const tensors = tf.tidy(() => mixture.denoiser(tf.tensor(x.data, x.shape), tf.tensor1d(sigma.data)).dataSync());
      expectClose(tensors, denoised.data, float32Tolerance);
    });

    it(`${name}: Heun's method errs from the exact PF ODE as the reference does, at every grid size`, () => {
      const { file, mixture } = read();
      const { value, heun_max_error_by_n } = file.pf_ode_solution_at_sigma_min;
      for (const [n, expected] of Object.entries(heun_max_error_by_n)) {
        const sigmas = karrasSigmas(Number(n), { sigmaMin: file.sigma_min, sigmaMax: file.sigma_max, rho: file.rho });
        let x: Float64Array = Float64Array.from(file.x_T.data);
        for (let i = 1; i < sigmas.length; i += 1)
          x = heunStep(float64Space, mixture.denoise, x, sigmas[i - 1], sigmas[i]);
        const error = Math.max(...x.map((coordinate, i) => Math.abs(coordinate - value.data[i])));
        expect(Math.abs(error - expected)).toBeLessThan(float64SamplerTolerance);
      }
    });
  }
});
