import { checkSigmas } from '../internal/check-sigmas';
import { checkChurn, churn, type ChurnOptions } from './churn';
import { eulerMove } from '../internal/euler-move';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';

/**
 * Heun's second-order method on the PF ODE, with optional churn: the EDM sampler.
 *
 * x' = x + (sigmaNext - sigma) (d + d') / 2 with d = (x - D(x, sigma)) / sigma at both ends; a plain Euler step to
 * sigma 0, where d' does not exist.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: 2 numSteps - 1 down to 0, otherwise 2 numSteps.
 *
 * @remarks k-diffusion and consistency_models drop the correction where sigmaNext is 0, EDM in the last step; the two
 * agree on every grid that ends with 0. This follows the former.
 * @see Karras et al. 2022, Algorithms 1 and 2
 */
export const heun: Sampler<ChurnOptions> = {
  name: 'heun',
  order: 2,
  stochastic: 'optional',
  accepts: 'denoiser',
  finalZero: 'expected',
  nfe: ({ sigmas }) => 2 * (sigmas.length - 1) - (sigmas[sigmas.length - 1] === 0 ? 1 : 0),
  async sample(model, start, { sChurn = 0, sMin = 0, sMax = Infinity, sNoise = 1, ...options }) {
    checkSigmas('heun', options.sigmas, 2, true);
    checkChurn('heun', { sChurn, sMin, sMax, sNoise });
    const numSteps = options.sigmas.length - 1;
    return walk(heun, model, start, options, async (step) => {
      const { space, sigmaNext } = step;
      const { x, sigma } = churn(step, numSteps, { sChurn, sMin, sMax, sNoise });
      const denoised = await step.denoise(x, sigma);
      const predicted = eulerMove(space, x, denoised, sigma, sigmaNext);
      if (sigmaNext === 0) return predicted;
      const corrected = await step.denoise(predicted, sigmaNext);
      const half = (sigmaNext - sigma) / 2;
      return space.combine(
        [1 + half / sigma, x],
        [-half / sigma, denoised],
        [half / sigmaNext, predicted],
        [-half / sigmaNext, corrected],
      );
    });
  },
};
