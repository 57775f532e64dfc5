import { ancestralStep } from '@onestep/core';
import { checkSigmas } from '../internal/check-sigmas';
import { eulerMove } from '../internal/euler-move';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';

/** Options of {@link eulerAncestral}. */
export interface AncestralOptions {
  /** Share of the ancestral noise, >= 0: 0 is Euler, 1 (default) the full ancestral step. */
  readonly eta?: number | undefined;
  /** Std of the added noise relative to what the level asks for, >= 0, default 1. */
  readonly sNoise?: number | undefined;
}

/**
 * Ancestral sampling by Euler steps: down to sigmaDown, then noise of std sigmaUp, with
 * sigmaDown^2 + sigmaUp^2 = sigmaNext^2.
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
    if (!(eta >= 0)) throw new RangeError(`eulerAncestral: eta must be >= 0, got ${eta}.`);
    if (!(sNoise >= 0)) throw new RangeError(`eulerAncestral: sNoise must be >= 0, got ${sNoise}.`);
    return walk(eulerAncestral, model, start, options, async ({ x, sigma, sigmaNext, space, denoise, draw }) => {
      const { sigmaDown, sigmaUp } = ancestralStep(sigma, sigmaNext, eta);
      const down = eulerMove(space, x, await denoise(x, sigma), sigma, sigmaDown);
      return sigmaUp === 0 ? down : space.combine([1, down], [sigmaUp * sNoise, draw()]);
    });
  },
};
