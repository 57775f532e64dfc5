import { checkInside } from '../internal/check-options';
import { checkSigmas } from '../internal/check-sigmas';
import { noiseAt, thirdOrder, thirdOrderStages } from '../internal/dpm-solver-step';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';

/** Options of {@link dpmSolver3}. */
export interface DpmSolver3Options {
  /** Position of the second call between the logarithms of the levels, in (0, 1), default 1/3. */
  readonly r1?: number | undefined;
  /** Position of the third call, in (r1, 1), default 2/3: the step is of third order for this value alone. */
  readonly r2?: number | undefined;
}

/**
 * DPM-Solver-3, single step, on the noise e = (x - D) / sigma: e1 and e2 at the fractions r1 and r2 of ln sigma, then
 * x' = x - (sigma - sigma') e0 - (1 / r2) ((sigma - sigma') / h - sigma') (e2 - e0), h = ln(sigma / sigma').
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: 3 numSteps - 2 down to 0 (an Euler step there), otherwise
 * 3 numSteps.
 *
 * @see Lu et al. 2022 (DPM-Solver), Algorithm 5 (general r), Algorithm 2 (r1 = 1/3, r2 = 2/3)
 */
export const dpmSolver3: Sampler<DpmSolver3Options> = {
  name: 'dpm-solver-3',
  order: 3,
  stochastic: 'never',
  accepts: 'denoiser',
  finalZero: 'expected',
  drawsPerStep: 0,
  nfe: ({ sigmas }) => 3 * (sigmas.length - 1) - (sigmas[sigmas.length - 1] === 0 ? 2 : 0),
  async sample(model, start, { r1 = 1 / 3, r2 = 2 / 3, ...options }) {
    checkSigmas('dpmSolver3', options.sigmas, 2, true);
    checkInside('dpmSolver3', 'r1', r1, { high: 1 });
    checkInside('dpmSolver3', 'r2', r2, { low: r1, high: 1 });
    return walk(dpmSolver3, model, start, options, async (step) => {
      const { x, sigma, sigmaNext, space } = step;
      if (sigmaNext === 0) return step.denoise(x, sigma);
      const e0 = await noiseAt(step, x, sigma);
      const { e2 } = await thirdOrderStages(step, x, e0, step, { r1, r2 });
      return thirdOrder(space, x, [e0, e2], step, 1 / r2);
    });
  },
};
