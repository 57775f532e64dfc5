import { checkChoice } from '../internal/check-choice';
import { exponentialSde, type DpmSdeOptions } from '../internal/exponential-sde';
import type { SecondOrder } from '../internal/exponential-weights';
import type { Sampler } from '../sampler';

/** Options of {@link dpmpp2mSde}. */
export interface Dpmpp2mSdeOptions extends DpmSdeOptions {
  /** Second-order term: DPM-Solver's midpoint form (default) or the exact integral of the line through both estimates. */
  readonly solverType?: SecondOrder | undefined;
}

/**
 * DPM-Solver++(2M) on the diffusion SDE.
 *
 * x' = (sigmaNext / sigma) e^(-eta h) x + (1 - e^-H) (D_i + (D_i - D_(i-1)) / 2r) + sigmaNext sqrt(1 - e^(-2 eta h)) sNoise z,
 * h = ln(sigma / sigmaNext), H = (1 + eta) h, r the length of the last step over this one's; `heun` has
 * 1 - (1 - e^-H) / H in place of (1 - e^-H) / 2. D itself in a step to 0.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: one call per step; step k takes draw k, the one to 0 none.
 *
 * @remarks The declared order is that of `eta: 0`, which with `midpoint` is `dpmpp-2m`.
 * @see Lu et al. 2022, DPM-Solver++, section 5; k-diffusion `sample_dpmpp_2m_sde`
 */
export const dpmpp2mSde: Sampler<Dpmpp2mSdeOptions> = {
  name: 'dpmpp-2m-sde',
  order: 2,
  stochastic: 'always',
  accepts: 'denoiser',
  finalZero: 'expected',
  nfe: ({ sigmas }) => sigmas.length - 1,
  async sample(model, start, { solverType = 'midpoint', ...options }) {
    checkChoice('dpmpp-2m-sde', 'solverType', solverType, ['midpoint', 'heun']);
    return exponentialSde({ ...dpmpp2mSde, memory: 1, second: solverType }, model, start, options);
  },
};
