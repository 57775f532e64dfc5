import { checkInside } from '../internal/check-options';
import { checkSigmas } from '../internal/check-sigmas';
import { dpmpp2sMove } from '../internal/dpmpp-2s-move';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';

/** Options of {@link dpmpp2s}. */
export interface Dpmpp2sOptions {
  /** Position of the second call between the logarithms of the levels, in (0, 1], default 0.5. */
  readonly r?: number | undefined;
}

/**
 * DPM-Solver++(2S), a second-order step in ln sigma on the denoised image: D1 at sigma_m = sigma^(1 - r) sigma'^r, reached
 * by an Euler step, then x' = (sigma' / sigma) x + (1 - sigma' / sigma) ((1 - 1 / (2 r)) D + D1 / (2 r)).
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: 2 numSteps - 1 down to 0 (an Euler step there), otherwise
 * 2 numSteps.
 *
 * @remarks DPM-Solver-2 does the same with the noise in place of the denoised image. This one stands large guidance.
 * @see Lu et al. 2022 (DPM-Solver++), Algorithm 1
 */
export const dpmpp2s: Sampler<Dpmpp2sOptions> = {
  name: 'dpmpp-2s',
  order: 2,
  stochastic: 'never',
  accepts: 'denoiser',
  finalZero: 'expected',
  drawsPerStep: 0,
  nfe: ({ sigmas }) => 2 * (sigmas.length - 1) - (sigmas[sigmas.length - 1] === 0 ? 1 : 0),
  async sample(model, start, { r = 0.5, ...options }) {
    checkSigmas('dpmpp2s', options.sigmas, 2, true);
    checkInside('dpmpp2s', 'r', r, { high: 1, closed: true });
    return walk(dpmpp2s, model, start, options, (step) => dpmpp2sMove(step, step.x, step, r));
  },
};
