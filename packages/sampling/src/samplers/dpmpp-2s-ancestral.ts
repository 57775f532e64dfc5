import { ancestralStep } from '@onestep/core';
import { checkSigmas } from '../internal/check-sigmas';
import { dpmpp2sMove } from '../internal/dpmpp-2s-move';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';
import { checkAncestral, renoise, twoStageNfe, type AncestralOptions } from './ancestral';

/**
 * Ancestral sampling by steps of DPM-Solver++(2S): down to sigmaDown, then noise of std sigmaUp, with
 * sigmaDown^2 + sigmaUp^2 = sigmaNext^2; `eta` is 1 by default.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: two calls per step, one where sigmaDown is 0: 2 numSteps - 1
 * down to 0.
 *
 * @see k-diffusion `sample_dpmpp_2s_ancestral`
 */
export const dpmpp2sAncestral: Sampler<AncestralOptions> = {
  name: 'dpmpp-2s-ancestral',
  order: 2,
  stochastic: 'always',
  accepts: 'denoiser',
  finalZero: 'expected',
  nfe: ({ sigmas, eta = 1 }) => twoStageNfe(sigmas, eta),
  async sample(model, start, { eta = 1, sNoise = 1, ...options }) {
    checkSigmas('dpmpp2sAncestral', options.sigmas, 2, true);
    checkAncestral('dpmpp2sAncestral', { eta, sNoise });
    return walk(dpmpp2sAncestral, model, start, options, async (step) => {
      const { x, sigma, space } = step;
      const { sigmaDown, sigmaUp } = ancestralStep(sigma, step.sigmaNext, eta);
      const down = await dpmpp2sMove(step, x, { sigma, sigmaNext: sigmaDown }, 0.5);
      return renoise(space, down, sigmaUp * sNoise, step.draw);
    });
  },
};
