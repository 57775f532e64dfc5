import { checkSigmas } from '../internal/check-sigmas';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';

/**
 * One call of a consistency function: f(x, sigmas[0]).
 *
 * `sigmas` holds the single level that `x` is at.
 *
 * @throws RangeError if `sigmas` does not hold exactly one positive level
 * @see Song et al. 2023, section 3
 */
export const oneStep: Sampler = {
  name: 'one-step',
  order: 0,
  stochastic: 'never',
  accepts: 'consistency',
  finalZero: 'refused',
  nfe: () => 1,
  async sample(model, start, options) {
    checkSigmas('oneStep', options.sigmas, 1, false);
    if (options.sigmas.length > 1) {
      throw new RangeError(
        `oneStep: sigmas must hold one noise level, got ${options.sigmas.length}. Use multistep for more.`,
      );
    }
    const sigmas = [options.sigmas[0], 0];
    return walk(oneStep, model, start, { ...options, sigmas }, ({ x, sigma, denoise }) => denoise(x, sigma));
  },
};
