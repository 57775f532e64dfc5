import { checkChoice } from '../internal/check-choice';
import { checkNotNegative } from '../internal/check-options';
import { checkSigmas } from '../internal/check-sigmas';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';
import { renoise } from './ancestral';

const variances = ['small', 'large'] as const;

/** Options of {@link ddpm}. */
export interface DdpmOptions {
  /**
   * Variance of a step: `small` (default) is that of the posterior for data of variance 0, `large` for data of variance 1.
   */
  readonly variance?: (typeof variances)[number] | undefined;
  /** Std of the added noise relative to what the variance asks for, >= 0, default 1. */
  readonly sNoise?: number | undefined;
}

/**
 * Ancestral sampling of DDPM: x' = D + (sigma' / sigma)^2 (x - D) + s z, with
 * s^2 = sigma'^2 (sigma^2 - sigma'^2) / sigma^2 (`small`) or (1 + sigma'^2) (sigma^2 - sigma'^2) / (1 + sigma^2) (`large`);
 * no noise in a step to 0.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: one call per step.
 *
 * @remarks `small` is Euler's ancestral step with eta = 1. `large` leaves more noise than the next level has: it was made
 *   for a thousand steps and does harm in few. In the paper x is alpha times larger; divided by alpha, its Eq. 11 is the
 *   above.
 * @see Ho et al. 2020 (DDPM), section 3.2; Nichol & Dhariwal 2021, section 3.1
 */
export const ddpm: Sampler<DdpmOptions> = {
  name: 'ddpm',
  order: 1,
  stochastic: 'always',
  accepts: 'denoiser',
  finalZero: 'expected',
  nfe: ({ sigmas }) => sigmas.length - 1,
  async sample(model, start, { variance = 'small', sNoise = 1, ...options }) {
    checkSigmas('ddpm', options.sigmas, 2, true);
    checkChoice('ddpm', 'variance', variance, variances);
    checkNotNegative('ddpm', { sNoise });
    return walk(ddpm, model, start, options, async ({ x, sigma, sigmaNext, space, denoise, draw }) => {
      const ratio = (sigmaNext / sigma) ** 2;
      const mean = space.combine([ratio, x], [1 - ratio, await denoise(x, sigma)]);
      if (sigmaNext === 0) return mean;
      const gap = (sigma - sigmaNext) * (sigma + sigmaNext);
      const share = variance === 'small' ? ratio : (1 + sigmaNext * sigmaNext) / (1 + sigma * sigma);
      return renoise(space, mean, Math.sqrt(share * gap) * sNoise, draw);
    });
  },
};
