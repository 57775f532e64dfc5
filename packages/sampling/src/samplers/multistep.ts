import { checkSigmas } from '../internal/check-sigmas';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';

/** Options of {@link multistep}. */
export interface MultistepOptions {
  /**
   * How an estimate returns to level tau: `paper` adds sqrt(tau^2 - sigmaMin^2) z (default), `ect` adds tau z.
   */
  readonly renoise?: 'paper' | 'ect' | undefined;
  /** The level where f is the identity, > 0, default 0.002; only `paper` reads it. */
  readonly sigmaMin?: number | undefined;
}

/**
 * Denoise and renoise with a consistency function: x0 = f(x, sigmas[0]); then for each further level tau
 * x0 = f(x0 + sqrt(tau^2 - sigmaMin^2) z, tau).
 *
 * `sigmas` lists the levels where f is evaluated, of which some may follow themselves; no final 0. NFE: `sigmas.length`.
 * The draw of level `sigmas[k + 1]` is `noise(k)`.
 *
 * @throws RangeError if a level lies below sigmaMin
 * @remarks The released code of the paper lists grid indices that include the last one, sigmaMin, where nothing is
 * evaluated: its 0, 22, 39 are two levels here. It clips estimates to [-1, 1] (`clip: [-1, 1]`), the paper does not say.
 * ECT leaves out the sigmaMin term (`renoise: 'ect'`).
 * @see Song et al. 2023, Algorithm 1
 */
export const multistep: Sampler<MultistepOptions> = {
  name: 'multistep',
  order: 0,
  stochastic: 'always',
  accepts: 'consistency',
  finalZero: 'refused',
  nfe: ({ sigmas }) => sigmas.length,
  async sample(model, start, { renoise = 'paper', sigmaMin = 0.002, ...options }) {
    checkSigmas('multistep', options.sigmas, 1, false, true);
    if (!(sigmaMin > 0)) throw new RangeError(`multistep: sigmaMin must be > 0, got ${sigmaMin}.`);
    const last = options.sigmas[options.sigmas.length - 1];
    if (renoise === 'paper' && last < sigmaMin) {
      throw new RangeError(
        `multistep: sigmas must be >= sigmaMin = ${sigmaMin}, but sigmas[${options.sigmas.length - 1}] = ${last}.`,
      );
    }
    // The appended 0 stands for "no further level".
    const sigmas = [...options.sigmas, 0];
    const kept = renoise === 'paper' ? sigmaMin : 0;
    return walk(
      multistep,
      model,
      start,
      { ...options, sigmas },
      async ({ x, sigma, sigmaNext, space, denoise, draw }) => {
        const denoised = await denoise(x, sigma);
        if (sigmaNext === 0) return denoised;
        return space.combine([1, denoised], [Math.sqrt(sigmaNext * sigmaNext - kept * kept), draw()]);
      },
    );
  },
};
