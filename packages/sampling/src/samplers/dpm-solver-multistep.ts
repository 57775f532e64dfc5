import { exponentialMultistep, type DpmMultistepOptions } from '../internal/exponential-multistep';
import type { Sampler } from '../sampler';

/**
 * DPM-Solver, multistep, of order 1 to 3: the last estimates of the noise as a polynomial in lambda = -ln sigma.
 *
 * x' = x - sigmaNext (psi1 E0 + psi2 E1 + psi3 E2), h = lambdaNext - lambda, psi1 = e^h - 1, psi2 = psi1 / h - 1,
 * psi3 = psi2 / h - 1/2, with the value and the divided differences E0, E1, E2 of the last three (x - D) / sigma; order 2 has
 * psi1 / 2 in place of psi2, order 1 is Euler.
 *
 * `sigmas` ends with 0, or with a last level to stop at; a step to 0 is of order 1. NFE: one call per step.
 *
 * @remarks `dpmpp-multistep` is the same over estimates of the image, and the better choice under guidance or clipping.
 * Of `curvature` and the order the same is true as there.
 * @see Lu et al. 2022, DPM-Solver; zju-pi/diff-sampler `dpm_pp_sampler` with `predict_x0=False`
 */
export const dpmSolverMultistep: Sampler<DpmMultistepOptions> = {
  name: 'dpm-solver-multistep',
  order: 2,
  stochastic: 'never',
  accepts: 'denoiser',
  finalZero: 'expected',
  drawsPerStep: 0,
  nfe: ({ sigmas }) => sigmas.length - 1,
  sample: (model, start, options) => exponentialMultistep(dpmSolverMultistep, 'noise', model, start, options),
};
