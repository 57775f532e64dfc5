import { checkSigmas } from '../internal/check-sigmas';
import { dataWeights, stepLength, stepRatios } from '../internal/exponential-weights';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';

/**
 * DPM-Solver++(2M): one call per step, second order from the estimate of the step before.
 *
 * x' = (sigmaNext / sigma) x - (e^-h - 1) ((1 + 1 / 2r) D_i - (1 / 2r) D_(i-1)), h = ln(sigma / sigmaNext), r the length of
 * the last step in these units over this one's; Euler in the first step, D itself in a step to 0.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: one call per step.
 *
 * @see Lu et al. 2022, DPM-Solver++, Algorithm 2; k-diffusion `sample_dpmpp_2m`
 */
export const dpmpp2m: Sampler = {
  name: 'dpmpp-2m',
  order: 2,
  stochastic: 'never',
  accepts: 'denoiser',
  finalZero: 'expected',
  drawsPerStep: 0,
  nfe: ({ sigmas }) => sigmas.length - 1,
  async sample(model, start, options) {
    checkSigmas('dpmpp-2m', options.sigmas, 2, true);
    return walk({ ...dpmpp2m, memory: 1 }, model, start, options, async (step) => {
      const { x, sigma, sigmaNext, space, past, remember } = step;
      const denoised = await step.denoise(x, sigma);
      if (sigmaNext === 0) return denoised;
      remember(denoised);
      const ratios = stepRatios([sigma, ...past.map((earlier) => earlier.sigma)], sigmaNext);
      const weights = dataWeights(stepLength(sigma, sigmaNext), ratios);
      const outputs = [denoised, ...past.map(({ value }) => value)];
      return space.combine([sigmaNext / sigma, x], ...outputs.map((output, k) => [weights[k], output] as const));
    });
  },
};
