import { exponentialMultistep, type DpmMultistepOptions } from '../internal/exponential-multistep';
import type { Sampler } from '../sampler';

/**
 * DPM-Solver++, multistep, of order 1 to 3: the last estimates of the image as a polynomial in lambda = -ln sigma.
 *
 * x' = (sigmaNext / sigma) x - phi1 D0 + phi2 D1 - phi3 D2, h = lambdaNext - lambda, phi1 = e^-h - 1, phi2 = phi1 / h + 1,
 * phi3 = phi2 / h - 1/2, with the value and the divided differences D0, D1, D2 of the last three estimates; order 2 has
 * -phi1 / 2 in place of phi2, order 1 is Euler.
 *
 * `sigmas` ends with 0, or with a last level to stop at; a step to 0 is of order 1. NFE: one call per step.
 *
 * @remarks D2 is half the second derivative, while phi3 asks for all of it: the released order 3, followed here, converges with
 * order 2, though with a smaller error than order 2 itself. `curvature: 'exact'` doubles D2; then, without `lowerOrderFinal`, the
 * order is 3. Order 2 is `dpmpp-2m` but for the lowered last step. dpm-solver lowers orders in runs below 10 steps only.
 * @see Lu et al. 2022, DPM-Solver++, Algorithm 2; zju-pi/diff-sampler `dpm_pp_sampler`
 */
export const dpmppMultistep: Sampler<DpmMultistepOptions> = {
  name: 'dpmpp-multistep',
  order: 2,
  stochastic: 'never',
  accepts: 'denoiser',
  finalZero: 'expected',
  drawsPerStep: 0,
  nfe: ({ sigmas }) => sigmas.length - 1,
  sample: (model, start, options) => exponentialMultistep(dpmppMultistep, 'data', model, start, options),
};
