import { ancestralStep } from '@onestep/core';
import { checkInside, checkNotNegative } from '../internal/check-options';
import { checkSigmas } from '../internal/check-sigmas';
import { eulerMove } from '../internal/euler-move';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';
import { renoise, type AncestralOptions } from './ancestral';

/**
 * DDIM: x' = D + sqrt(sigma'^2 - s^2) e + s z with e = (x - D) / sigma and s = eta sigma' sqrt(1 - sigma'^2 / sigma^2).
 *
 * `eta` in [0, 1] goes from the ODE (0, the default: Euler's method in this frame) to the DDPM of small variance (1).
 * `sigmas` ends with 0, or with a last level to stop at; those of a discrete chain are `linearBetaSigmas` at
 * `ddimTimesteps`, descending. NFE: one call per step.
 *
 * @throws RangeError if eta is not in [0, 1]
 * @remarks In the paper x is alpha times larger; divided by alpha, its Eq. 12 is the above.
 * @see Song et al. 2020 (DDIM), Eq. 12 and 16
 */
export const ddim: Sampler<AncestralOptions> = {
  name: 'ddim',
  order: 1,
  stochastic: 'optional',
  accepts: 'denoiser',
  finalZero: 'expected',
  nfe: ({ sigmas }) => sigmas.length - 1,
  async sample(model, start, { eta = 0, sNoise = 1, ...options }) {
    checkSigmas('ddim', options.sigmas, 2, true);
    if (eta !== 0) checkInside('ddim', 'eta', eta, { high: 1, closed: true });
    checkNotNegative('ddim', { sNoise });
    return walk(ddim, model, start, options, async ({ x, sigma, sigmaNext, space, denoise, draw }) => {
      const { sigmaDown, sigmaUp } = ancestralStep(sigma, sigmaNext, eta);
      return renoise(space, eulerMove(space, x, await denoise(x, sigma), sigma, sigmaDown), sigmaUp * sNoise, draw);
    });
  },
};
