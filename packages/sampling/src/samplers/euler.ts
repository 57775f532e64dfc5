import { checkSigmas } from '../internal/check-sigmas';
import { checkChurn, churn, type ChurnOptions } from './churn';
import { eulerMove } from '../internal/euler-move';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';

/**
 * Euler's method on the PF ODE (in this frame the same as deterministic DDIM), with optional churn.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: one call per step.
 *
 * @see Karras et al. 2022, Algorithm 2 without its second-order correction; k-diffusion `sample_euler`
 */
export const euler: Sampler<ChurnOptions> = {
  name: 'euler',
  order: 1,
  stochastic: 'optional',
  accepts: 'denoiser',
  finalZero: 'expected',
  nfe: ({ sigmas }) => sigmas.length - 1,
  async sample(model, start, { sChurn = 0, sMin = 0, sMax = Infinity, sNoise = 1, ...options }) {
    checkSigmas('euler', options.sigmas, 2, true);
    checkChurn('euler', { sChurn, sMin, sMax, sNoise });
    const numSteps = options.sigmas.length - 1;
    return walk(euler, model, start, options, async (step) => {
      const { x, sigma } = churn(step, numSteps, { sChurn, sMin, sMax, sNoise });
      return eulerMove(step.space, x, await step.denoise(x, sigma), sigma, step.sigmaNext);
    });
  },
};
