import { checkChoice } from '../internal/check-choice';
import { checkInside } from '../internal/check-options';
import { checkSigmas } from '../internal/check-sigmas';
import { firstOrder, levelAt, noiseAt, secondOrder } from '../internal/dpm-solver-step';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';
import { checkChurn, churn, type ChurnOptions } from './churn';

const midpoints = ['geometric', 'karras'] as const;

/** Options of {@link dpmSolver2}. */
export interface DpmSolver2Options extends ChurnOptions {
  /** Where the second call is made: sigma^(1 - r) sigma'^r (default), or the middle of a Karras grid with rho = 3. */
  readonly midpoint?: (typeof midpoints)[number] | undefined;
  /** Position of a geometric midpoint, in (0, 1], default 0.5; 1 is Heun's method. */
  readonly r?: number | undefined;
}

/**
 * DPM-Solver-2: a second call at the level sigma_m between, reached by an Euler step, then
 * x' = x + (sigma' - sigma) ((1 - 1 / (2 r)) e0 + e1 / (2 r)), e = (x - D) / sigma; with optional churn.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: 2 numSteps - 1 down to 0 (an Euler step there), otherwise
 * 2 numSteps; with `midpoint: 'karras'` always 2 numSteps.
 *
 * @remarks k-diffusion's `sample_dpm_2` is the default. consistency_models' `sample_dpm` is `midpoint: 'karras'`,
 *   sigma_m = ((sigma^(1/3) + sigma'^(1/3)) / 2)^3, and takes its midpoint, sigma / 8, in a step to 0 too.
 * @see Lu et al. 2022 (DPM-Solver), Algorithm 4 (general r), Algorithm 1 (r = 1/2)
 */
export const dpmSolver2: Sampler<DpmSolver2Options> = {
  name: 'dpm-solver-2',
  order: 2,
  stochastic: 'optional',
  accepts: 'denoiser',
  finalZero: 'expected',
  nfe: ({ sigmas, midpoint = 'geometric' }) =>
    2 * (sigmas.length - 1) - (midpoint === 'geometric' && sigmas[sigmas.length - 1] === 0 ? 1 : 0),
  async sample(
    model,
    start,
    { midpoint = 'geometric', r, sChurn = 0, sMin = 0, sMax = Infinity, sNoise = 1, ...options },
  ) {
    const where = 'dpmSolver2';
    checkSigmas(where, options.sigmas, 2, true);
    checkChurn(where, { sChurn, sMin, sMax, sNoise });
    checkChoice(where, 'midpoint', midpoint, midpoints);
    if (r !== undefined && midpoint === 'karras') {
      throw new RangeError(`${where}: r must be left out with midpoint "karras", got ${r}.`);
    }
    const fraction = r ?? 0.5;
    checkInside(where, 'r', fraction, { high: 1, closed: true });
    const numSteps = options.sigmas.length - 1;
    return walk(dpmSolver2, model, start, options, async (step) => {
      const { space, sigmaNext } = step;
      const { x, sigma } = churn(step, numSteps, { sChurn, sMin, sMax, sNoise });
      const interval = { sigma, sigmaNext };
      if (midpoint === 'geometric' && sigmaNext === 0) return step.denoise(x, sigma);
      const e0 = await noiseAt(step, x, sigma);
      const middle =
        midpoint === 'karras' ? ((Math.cbrt(sigma) + Math.cbrt(sigmaNext)) / 2) ** 3 : levelAt(interval, fraction);
      const e1 = await noiseAt(step, firstOrder(space, x, e0, { sigma, sigmaNext: middle }), middle);
      return secondOrder(space, x, [e0, e1], interval, fraction);
    });
  },
};
