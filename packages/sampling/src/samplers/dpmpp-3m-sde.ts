import { exponentialSde, type DpmSdeOptions } from '../internal/exponential-sde';
import { checkChoice } from '../internal/check-choice';
import type { Curvature } from '../internal/exponential-weights';
import type { Sampler } from '../sampler';

/** Options of {@link dpmpp3mSde}. */
export interface Dpmpp3mSdeOptions extends DpmSdeOptions {
  /** Second-difference term: as `released` (default, of order 2 in truth) or `exact`. */
  readonly curvature?: Curvature | undefined;
}

/**
 * DPM-Solver++(3M) on the diffusion SDE: a parabola through the last three estimates.
 *
 * x' = e^-H x - phi1 D0 + phi2 D1 - phi3 D2 + sigmaNext sqrt(1 - e^(-2 eta h)) sNoise z, h = ln(sigma / sigmaNext),
 * H = (1 + eta) h, phi1 = e^-H - 1, phi2 = phi1 / H + 1, phi3 = phi2 / H - 1/2, with the value and the divided
 * differences D0, D1, D2 of the estimates. D itself in a step to 0.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: one call per step; step k takes draw k, the one to 0 none.
 *
 * @remarks D2 is half the second derivative, while phi3 asks for all of it: the released formula, followed here, is of order 2,
 * with a smaller error than 2M. `curvature: 'exact'` doubles D2 and is of order 3. Both at `eta: 0`.
 * @see k-diffusion `sample_dpmpp_3m_sde`
 */
export const dpmpp3mSde: Sampler<Dpmpp3mSdeOptions> = {
  name: 'dpmpp-3m-sde',
  order: 2,
  stochastic: 'always',
  accepts: 'denoiser',
  finalZero: 'expected',
  nfe: ({ sigmas }) => sigmas.length - 1,
  async sample(model, start, { curvature = 'released', ...options }) {
    checkChoice('dpmpp-3m-sde', 'curvature', curvature, ['released', 'exact']);
    return exponentialSde({ ...dpmpp3mSde, memory: 2, second: 'heun', curvature }, model, start, options);
  },
};
