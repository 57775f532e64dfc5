import { checkInteger } from '../internal/check-integer';
import { checkSigmas } from '../internal/check-sigmas';
import { linearMultistep } from '../internal/linear-multistep';
import type { Sampler } from '../sampler';

/** Options of {@link ipndm}. */
export interface IpndmOptions {
  /** Slopes that a step combines, integer in [1, 4], default 4; 1 is Euler. */
  readonly order?: number | undefined;
}

/** Adams-Bashforth of equal steps, newest first. */
const equalSteps: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/**
 * Improved pseudo-numerical method: Adams-Bashforth with the weights of equal steps, whatever the steps are.
 *
 * x' = x + (sigmaNext - sigma) (55 d_i - 59 d_(i-1) + 37 d_(i-2) - 9 d_(i-3)) / 24, d = (x - D) / sigma; the first steps
 * use the shorter rules.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: one call per step.
 *
 * @remarks On steps that change length smoothly the order is 2 at best, 1 for `order: 1`; `lms` has weights for the steps as
 * they are. With few steps it is often the better of the two all the same.
 * @see Zhang and Chen 2022, "Fast sampling of diffusion models with exponential integrator"; zju-pi/diff-sampler
 */
export const ipndm: Sampler<IpndmOptions> = {
  name: 'ipndm',
  order: 2,
  stochastic: 'never',
  accepts: 'denoiser',
  finalZero: 'expected',
  drawsPerStep: 0,
  nfe: ({ sigmas }) => sigmas.length - 1,
  async sample(model, start, { order = 4, ...options }) {
    const { sigmas } = options;
    checkSigmas('ipndm', sigmas, 2, true);
    checkInteger('ipndm', 'order', order, 1, 4);
    return linearMultistep(ipndm, model, start, options, {
      points: order,
      weights: (index, points) => equalSteps[points - 1].map((weight) => weight * (sigmas[index + 1] - sigmas[index])),
    });
  },
};
