import { ancestralStep } from '@onestep/core';
import { checkInteger } from '../internal/check-integer';
import { checkSigmas } from '../internal/check-sigmas';
import { dpmSolverStep, levelAt } from '../internal/dpm-solver-step';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';
import { checkAncestral, renoise, type AncestralOptions } from './ancestral';

type Order = 1 | 2 | 3;

/** Options of {@link dpmSolverFast}. */
export interface DpmSolverFastOptions extends AncestralOptions {
  /** Network calls to spend in all, integer >= 1; default as many as `sigmas` has intervals. */
  readonly nfe?: number | undefined;
  /** Highest order of a step, default 3. */
  readonly maxOrder?: Order | undefined;
}

/**
 * DPM-Solver-fast: a budget of network calls spent on steps of order 3 that are even in ln sigma, the rest of the budget
 * on one of order 2 or 1.
 *
 * Only the first level of `sigmas` and the last one above 0 count; a final 0 costs the last call, which denoises. NFE:
 * `nfe`. With `eta` (default 0) the steps are ancestral.
 *
 * @throws RangeError if the budget does not cover the levels
 * @remarks A budget for the solver of n = 3 k or 3 k + 1 ends with a step of order 1 and so converges with order 2; one of
 *   3 k + 2 with order 3. The released code of DPM-Solver calls it `method='singlestep'`.
 * @see Lu et al. 2022 (DPM-Solver), DPM-Solver-fast; k-diffusion `sample_dpm_fast`
 */
export const dpmSolverFast: Sampler<DpmSolverFastOptions> = {
  name: 'dpm-solver-fast',
  order: 2,
  stochastic: 'optional',
  accepts: 'denoiser',
  finalZero: 'expected',
  levels: 'ends',
  nfe: ({ sigmas, nfe = sigmas.length - 1 }) => nfe,
  async sample(model, start, { nfe, maxOrder = 3, eta = 0, sNoise = 1, ...options }) {
    const where = 'dpmSolverFast';
    checkSigmas(where, options.sigmas, 2, true);
    checkAncestral(where, { eta, sNoise });
    checkInteger(where, 'maxOrder', maxOrder, 1, 3);
    const { sigmas } = options;
    const budget = nfe ?? sigmas.length - 1;
    checkInteger(where, 'nfe', budget, 1, Infinity);
    const positive = sigmas.filter((sigma) => sigma > 0);
    const plan = stepOrders(budget - (sigmas.length - positive.length), maxOrder);
    if ((plan.length === 0) !== (positive.length === 1)) {
      const enough = positive.length === 1 ? '1, since sigmas holds one level above 0' : 'at least 2 to end at 0';
      throw new RangeError(`${where}: nfe must be ${enough}, got ${budget}.`);
    }
    const ends = { sigma: positive[0], sigmaNext: positive[positive.length - 1] };
    const between = plan.slice(1).map((_, i) => levelAt(ends, (i + 1) / plan.length));
    const visited = [...new Set([ends.sigma, ...between, ends.sigmaNext]), ...sigmas.slice(positive.length)];
    return walk(dpmSolverFast, model, start, { ...options, sigmas: visited }, async (step) => {
      const { index, x, sigma, sigmaNext, space } = step;
      if (sigmaNext === 0) return step.denoise(x, sigma);
      // The solver is never asked for a level below the last.
      const down = Math.max(ends.sigmaNext, ancestralStep(sigma, sigmaNext, eta).sigmaDown);
      const moved = await dpmSolverStep(step, x, { sigma, sigmaNext: down }, plan[index]);
      const up = Math.sqrt((sigmaNext - down) * (sigmaNext + down));
      return renoise(space, moved, up * sNoise, step.draw);
    });
  },
};

/** Orders of the steps that spend `calls` calls: the highest as often as it fits, the rest at the end. */
function stepOrders(calls: number, maxOrder: Order): Order[] {
  const full = Math.floor(calls / maxOrder);
  const rest = (calls - full * maxOrder) as 0 | 1 | 2;
  const whole = (count: number): Order[] => new Array<Order>(count).fill(maxOrder);
  if (rest > 0) return [...whole(full), rest as Order];
  // Where steps of order 3 fit exactly, the last one is split in two.
  return maxOrder === 3 && full > 0 ? [...whole(full - 1), 2, 1] : whole(full);
}
