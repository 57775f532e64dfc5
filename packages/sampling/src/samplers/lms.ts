import { checkInteger } from '../internal/check-integer';
import { checkSigmas } from '../internal/check-sigmas';
import { lagrangeIntegrals } from '../internal/lagrange';
import { linearMultistep } from '../internal/linear-multistep';
import type { Sampler } from '../sampler';

/** Options of {@link lms}. */
export interface LmsOptions {
  /** Slopes that a step combines, integer in [1, 8], default 4; 1 is Euler. */
  readonly order?: number | undefined;
}

/**
 * Linear multistep method (Adams-Bashforth on unequal steps): the polynomial through the last slopes, integrated exactly.
 *
 * x' = x + sum_j c_j d_(i-j), c_j = int from sigma to sigmaNext of the Lagrange basis, d = (x - D) / sigma.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: one call per step.
 *
 * @remarks The first steps have fewer slopes, the very first is Euler's. Far above the data the path is straight and that costs
 * little, but in the limit of many equal steps it is what remains of the error, and that remainder is of order 2.
 * @see k-diffusion `sample_lms`
 */
export const lms: Sampler<LmsOptions> = {
  name: 'lms',
  order: 4,
  stochastic: 'never',
  accepts: 'denoiser',
  finalZero: 'expected',
  drawsPerStep: 0,
  nfe: ({ sigmas }) => sigmas.length - 1,
  async sample(model, start, { order = 4, ...options }) {
    const { sigmas } = options;
    checkSigmas('lms', sigmas, 2, true);
    checkInteger('lms', 'order', order, 1, 8);
    return linearMultistep(lms, model, start, options, {
      points: order,
      weights(index, points) {
        const nodes = sigmas.slice(index - points + 1, index + 1).reverse();
        return lagrangeIntegrals(nodes, sigmas[index], sigmas[index + 1]);
      },
    });
  },
};
