import { checkInside } from '../internal/check-options';
import { checkSigmas } from '../internal/check-sigmas';
import { levelAt } from '../internal/dpm-solver-step';
import { eulerMove } from '../internal/euler-move';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';

/** Options of {@link dpmpp3s}. */
export interface Dpmpp3sOptions {
  /** Position of the second call between the logarithms of the levels, in (0, 1), default 1/3. */
  readonly r1?: number | undefined;
  /** Position of the third call, in (r1, 1), default 2/3: the step is of third order for this value alone. */
  readonly r2?: number | undefined;
}

/**
 * DPM-Solver++(3S), a third-order step in ln sigma on the denoised image: D1 and D2 at the fractions r1 and r2, then
 * x' = (sigma' / sigma) x + (1 - sigma' / sigma) D + (1 / r2) (1 - (1 - sigma' / sigma) / h) (D2 - D), h = ln(sigma / sigma').
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: 3 numSteps - 2 down to 0 (an Euler step there), otherwise
 * 3 numSteps.
 *
 * @remarks `dpm-solver-3` does the same with the noise in place of the denoised image. This one stands large guidance.
 * @see Lu et al. 2022 (DPM-Solver++), section 4; LuChengTHU/dpm-solver `singlestep_dpm_solver_third_update`
 */
export const dpmpp3s: Sampler<Dpmpp3sOptions> = {
  name: 'dpmpp-3s',
  order: 3,
  stochastic: 'never',
  accepts: 'denoiser',
  finalZero: 'expected',
  drawsPerStep: 0,
  nfe: ({ sigmas }) => 3 * (sigmas.length - 1) - (sigmas[sigmas.length - 1] === 0 ? 2 : 0),
  async sample(model, start, { r1 = 1 / 3, r2 = 2 / 3, ...options }) {
    checkSigmas('dpmpp3s', options.sigmas, 2, true);
    checkInside('dpmpp3s', 'r1', r1, { high: 1 });
    checkInside('dpmpp3s', 'r2', r2, { low: r1, high: 1 });
    return walk(dpmpp3s, model, start, options, async (step) => {
      const { x, sigma, sigmaNext, space, denoise } = step;
      const denoised = await denoise(x, sigma);
      if (sigmaNext === 0) return denoised;
      /** Euler to a level, bent by the estimate `other` as far as `slope` says. */
      const bent = (level: number, other: typeof x, slope: number): typeof x => {
        const ratio = level / sigma;
        const curved = slope * (1 - (1 - ratio) / Math.log(sigma / level));
        return space.combine([ratio, x], [1 - ratio - curved, denoised], [curved, other]);
      };
      const [first, second] = [levelAt(step, r1), levelAt(step, r2)];
      const d1 = await denoise(eulerMove(space, x, denoised, sigma, first), first);
      const d2 = await denoise(bent(second, d1, r2 / r1), second);
      return bent(sigmaNext, d2, 1 / r2);
    });
  },
};
