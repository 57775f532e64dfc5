import { checkSigmas } from '../internal/check-sigmas';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';

/** Options of {@link ctm}. */
export interface CtmOptions {
  /** Noise put back after each jump, in [0, 1]: 0 (default) none, 1 all of it. */
  readonly gamma?: number | undefined;
  /** The level that jumps never aim below, > 0, default 0.002; only the last one does, where `sigmas` ends lower. */
  readonly sigmaMin?: number | undefined;
}

/**
 * Jumps along the path with gamma-sampling: jump below the next level, then return to it with noise.
 *
 * x' = G(x, sigma, s) + sqrt(sigmaNext^2 - s^2) z, s = sqrt(1 - gamma^2) (sigmaNext - sigmaMin) + sigmaMin; the last jump goes
 * to the last level and adds nothing. gamma = 0: exact long jumps. gamma = 1: `multistep` with f = G(x, sigma, sigmaMin).
 *
 * `sigmas` ends with 0, or with a last level to stop at, usually sigmaMin. NFE: one call per step. Step k takes draw k.
 * Any jump function will do, MeanFlow's too.
 *
 * @throws RangeError if gamma leaves [0, 1], or noise is added at a level below sigmaMin
 * @remarks The paper has s = sqrt(1 - gamma^2) sigmaNext; this is the released code, which keeps s >= sigmaMin, and refuses gamma 0
 * and 1 in favour of samplers of their own. `clip` clips the jumps that end at sigmaMin or below, which are images.
 * @see Kim et al. 2023, "Consistency trajectory models", Algorithm 3; sony/ctm `sample_gamma_multistep_`
 */
export const ctm: Sampler<CtmOptions> = {
  name: 'ctm',
  order: 0,
  stochastic: 'optional',
  accepts: 'jump',
  finalZero: 'expected',
  nfe: ({ sigmas }) => sigmas.length - 1,
  async sample(model, start, { gamma = 0, sigmaMin = 0.002, ...options }) {
    const { sigmas } = options;
    checkSigmas('ctm', sigmas, 2, true);
    if (!(gamma >= 0 && gamma <= 1)) throw new RangeError(`ctm: gamma must be in [0, 1], got ${gamma}.`);
    if (!(sigmaMin > 0)) throw new RangeError(`ctm: sigmaMin must be > 0, got ${sigmaMin}.`);
    const last = sigmas.length - 1;
    if (gamma > 0 && last > 1 && sigmas[last - 1] < sigmaMin) {
      throw new RangeError(
        `ctm: with gamma > 0, sigmas before the last must be >= sigmaMin = ${sigmaMin}, ` +
          `but sigmas[${last - 1}] = ${sigmas[last - 1]}.`,
      );
    }
    return walk(ctm, model, start, options, async ({ index, x, sigma, sigmaNext, space, jump, draw }) => {
      const isLast = index + 1 === last;
      const keep = isLast || gamma === 0;
      const target = keep ? sigmaNext : Math.sqrt(1 - gamma * gamma) * (sigmaNext - sigmaMin) + sigmaMin;
      const landed = await jump(x, sigma, target, target <= sigmaMin);
      if (keep) return landed;
      return space.combine([1, landed], [Math.sqrt((sigmaNext - target) * (sigmaNext + target)), draw()]);
    });
  },
};
