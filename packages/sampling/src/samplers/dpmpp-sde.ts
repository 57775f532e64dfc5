import { ancestralStep } from '@onestep/core';
import { checkInside } from '../internal/check-options';
import { checkSigmas } from '../internal/check-sigmas';
import { levelAt } from '../internal/dpm-solver-step';
import { eulerMove } from '../internal/euler-move';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';
import { checkAncestral, renoise, type AncestralOptions } from './ancestral';

/** Options of {@link dpmppSde}. */
export interface DpmppSdeOptions extends AncestralOptions {
  /** Position of the second call between the logarithms of the levels, in (0, 1), default 0.5. */
  readonly r?: number | undefined;
}

/**
 * DPM-Solver++ (SDE), single step: an ancestral step to sigma_m = sigma^(1 - r) sigma'^r, D1 there, then an ancestral step
 * of the whole interval with (1 - 1 / (2 r)) D + D1 / (2 r); `eta` is 1 by default.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: 2 numSteps - 1 down to 0 (an Euler step there), otherwise
 * 2 numSteps. Draws of a step: that of the midpoint, then that of the step.
 *
 * @remarks k-diffusion takes both draws from one Brownian path, so that its noise refines with the grid; here they are
 *   independent. With eta 0 this is `dpmpp2s`.
 * @see k-diffusion `sample_dpmpp_sde`; Lu et al. 2022 (DPM-Solver++)
 */
export const dpmppSde: Sampler<DpmppSdeOptions> = {
  name: 'dpmpp-sde',
  order: 2,
  stochastic: 'always',
  accepts: 'denoiser',
  finalZero: 'expected',
  drawsPerStep: 2,
  nfe: ({ sigmas }) => 2 * (sigmas.length - 1) - (sigmas[sigmas.length - 1] === 0 ? 1 : 0),
  async sample(model, start, { eta = 1, sNoise = 1, r = 0.5, ...options }) {
    checkSigmas('dpmppSde', options.sigmas, 2, true);
    checkAncestral('dpmppSde', { eta, sNoise });
    checkInside('dpmppSde', 'r', r, { high: 1 });
    return walk(dpmppSde, model, start, options, async ({ x, sigma, sigmaNext, space, denoise, draw }) => {
      const denoised = await denoise(x, sigma);
      if (sigmaNext === 0) return denoised;
      const middle = levelAt({ sigma, sigmaNext }, r);
      const half = ancestralStep(sigma, middle, eta);
      const down = eulerMove(space, x, denoised, sigma, half.sigmaDown);
      const between = await denoise(
        renoise(space, down, half.sigmaUp * sNoise, () => draw(0)),
        middle,
      );
      const weight = 0.5 / r;
      const target = space.combine([1 - weight, denoised], [weight, between]);
      const whole = ancestralStep(sigma, sigmaNext, eta);
      const moved = eulerMove(space, x, target, sigma, whole.sigmaDown);
      return renoise(space, moved, whole.sigmaUp * sNoise, () => draw(1));
    });
  },
};
