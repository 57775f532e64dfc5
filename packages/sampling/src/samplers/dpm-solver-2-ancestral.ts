import { ancestralStep } from '@onestep/core';
import { checkSigmas } from '../internal/check-sigmas';
import { dpmSolverStep } from '../internal/dpm-solver-step';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';
import { checkAncestral, renoise, twoStageNfe, type AncestralOptions } from './ancestral';

/**
 * Ancestral sampling by steps of DPM-Solver-2: down to sigmaDown, then noise of std sigmaUp, with
 * sigmaDown^2 + sigmaUp^2 = sigmaNext^2; `eta` is 1 by default.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: two calls per step, one where sigmaDown is 0: 2 numSteps - 1
 * down to 0.
 *
 * @remarks Few steps make large errors with much noise: see `dpmpp2sAncestral`. Where an eta > 1 makes sigmaDown 0 above
 *   level 0, k-diffusion forgets the noise; this adds it.
 * @see k-diffusion `sample_dpm_2_ancestral`
 */
export const dpmSolver2Ancestral: Sampler<AncestralOptions> = {
  name: 'dpm-solver-2-ancestral',
  order: 2,
  stochastic: 'always',
  accepts: 'denoiser',
  finalZero: 'expected',
  nfe: ({ sigmas, eta = 1 }) => twoStageNfe(sigmas, eta),
  async sample(model, start, { eta = 1, sNoise = 1, ...options }) {
    checkSigmas('dpmSolver2Ancestral', options.sigmas, 2, true);
    checkAncestral('dpmSolver2Ancestral', { eta, sNoise });
    return walk(dpmSolver2Ancestral, model, start, options, async (step) => {
      const { x, sigma, space } = step;
      const { sigmaDown, sigmaUp } = ancestralStep(sigma, step.sigmaNext, eta);
      const down =
        sigmaDown === 0
          ? await step.denoise(x, sigma)
          : await dpmSolverStep(step, x, { sigma, sigmaNext: sigmaDown }, 2);
      return renoise(space, down, sigmaUp * sNoise, step.draw);
    });
  },
};
