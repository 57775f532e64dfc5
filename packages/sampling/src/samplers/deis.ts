import { vpLawThrough } from '@onestep/core';
import { checkChoice } from '../internal/check-choice';
import { checkInteger } from '../internal/check-integer';
import { checkSigmas } from '../internal/check-sigmas';
import { lagrangeIntegrals } from '../internal/lagrange';
import { linearMultistep } from '../internal/linear-multistep';
import type { Sampler } from '../sampler';

/** Options of {@link deis}. */
export interface DeisOptions {
  /** What the slopes are a polynomial in: the time of a VP process (`tab`, default) or sigma itself (`rhoab`). */
  readonly variant?: 'tab' | 'rhoab' | undefined;
  /** Points of that polynomial, integer in [1, 4], default 4, which the paper calls 3-DEIS; 1 is Euler. */
  readonly order?: number | undefined;
  /** Time of a level for `tab`, strictly increasing; default: of the VP law through 0.002 at t = 0.001 and 80 at t = 1. */
  readonly timeOf?: ((sigma: number) => number) | undefined;
  /** Weights of every step, newest slope first, computed elsewhere; an empty row is an Euler step. Default: computed. */
  readonly coefficients?: readonly (readonly number[])[] | undefined;
}

/**
 * Diffusion exponential integrator sampler: the slopes of the last points, as a polynomial in the clock of the variant,
 * integrated from level to level.
 *
 * x' = x + sum_j c_j d_(i-j), c_j = int from sigma to sigmaNext of prod_(k != j) (u - u_(i-k)) / (u_(i-j) - u_(i-k)) dsigma,
 * with u = t(sigma) for `tab` and u = sigma for `rhoab`, d = (x - D) / sigma.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: one call per step.
 *
 * @throws RangeError if `coefficients` do not fit the steps
 * @remarks In this frame the exponential part is 1, so `rhoab` is `lms`. The integrals are exact up to rounding; the
 * references sum 10,000 cells for `tab`, which shows in the fourth digit: pass their `coefficients` to repeat them.
 * @see Zhang and Chen 2022, Eq. 15; zju-pi/diff-sampler `deis_sampler`
 */
export const deis: Sampler<DeisOptions> = {
  name: 'deis',
  order: 4,
  stochastic: 'never',
  accepts: 'denoiser',
  finalZero: 'expected',
  drawsPerStep: 0,
  nfe: ({ sigmas }) => sigmas.length - 1,
  async sample(model, start, { variant = 'tab', order = 4, timeOf = vpTime(), coefficients, ...options }) {
    const { sigmas } = options;
    checkSigmas('deis', sigmas, 2, true);
    checkChoice('deis', 'variant', variant, ['tab', 'rhoab']);
    checkInteger('deis', 'order', order, 1, 4);
    if (coefficients !== undefined) checkCoefficients(coefficients, sigmas.length - 1, order);
    const clock = variant === 'tab' ? timeOf : undefined;
    return linearMultistep(deis, model, start, options, {
      points: order,
      weights(index, points) {
        const [sigma, sigmaNext] = [sigmas[index], sigmas[index + 1]];
        if (coefficients === undefined) {
          return lagrangeIntegrals(sigmas.slice(index - points + 1, index + 1).reverse(), sigma, sigmaNext, clock);
        }
        const given = coefficients[index].length === 0 ? [sigmaNext - sigma] : coefficients[index];
        return Array.from({ length: points }, (_, j) => given[j] ?? 0);
      },
    });
  },
};

/** Inverse of sigma^2 + 1 = e^(betaD t^2 / 2 + betaMin t); through these ends betaMin is a little below 0. */
function vpTime(): (sigma: number) => number {
  const { betaD, betaMin } = vpLawThrough(0.002, 80);
  return (sigma) => (Math.sqrt(betaMin * betaMin + 2 * betaD * Math.log1p(sigma * sigma)) - betaMin) / betaD;
}

function checkCoefficients(rows: readonly (readonly number[])[], numSteps: number, order: number): void {
  if (rows.length !== numSteps) {
    throw new RangeError(`deis: coefficients must hold one row for each of ${numSteps} steps, got ${rows.length}.`);
  }
  rows.forEach((row, i) => {
    const most = Math.min(order, i + 1);
    if (row.length > most || !row.every(Number.isFinite)) {
      throw new RangeError(
        `deis: coefficients[${i}] must hold at most ${most} finite numbers, got [${row.join(', ')}].`,
      );
    }
  });
}
