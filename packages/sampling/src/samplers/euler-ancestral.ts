import { ancestralStep } from '@onestep/core';
import { checkSigmas } from '../internal/check-sigmas';
import { eulerMove } from '../internal/euler-move';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';
import { checkAncestral, renoise, type AncestralOptions } from './ancestral';

/**
 * Ancestral sampling by Euler steps: down to sigmaDown, then noise of std sigmaUp, with
 * sigmaDown^2 + sigmaUp^2 = sigmaNext^2; `eta` is 1 by default.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: one call per step.
 *
 * @see k-diffusion `sample_euler_ancestral`
 */
export const eulerAncestral: Sampler<AncestralOptions> = {
  name: 'euler-ancestral',
  order: 1,
  stochastic: 'always',
  accepts: 'denoiser',
  finalZero: 'expected',
  nfe: ({ sigmas }) => sigmas.length - 1,
  async sample(model, start, { eta = 1, sNoise = 1, ...options }) {
    checkSigmas('eulerAncestral', options.sigmas, 2, true);
    checkAncestral('eulerAncestral', { eta, sNoise });
    return walk(eulerAncestral, model, start, options, async ({ x, sigma, sigmaNext, space, denoise, draw }) => {
      const { sigmaDown, sigmaUp } = ancestralStep(sigma, sigmaNext, eta);
      const down = eulerMove(space, x, await denoise(x, sigma), sigma, sigmaDown);
      return renoise(space, down, sigmaUp * sNoise, draw);
    });
  },
};
