import { checkSigmas } from '../internal/check-sigmas';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';

/** Options of {@link scm}. */
export interface ScmOptions {
  /** Std of the data, > 0, default 0.5. */
  readonly sigmaData?: number | undefined;
}

/**
 * The sampler of continuous-time consistency models: denoise and renoise in TrigFlow's coordinates, written over sigma.
 *
 * x0 = f(x, t); x = cos(t') x0 + sin(t') sigmaData z, with t = atan(sigma / sigmaData) and, over sigma, x / cos(t): each further
 * level adds sigma' z, as `multistep` does with `renoise: 'ect'`. The start alone differs: TrigFlow begins at noise of std sigmaData
 * as if sin(t) were 1, so x is scaled by sqrt(1 + (sigmaData / sigma)^2), to the std that noised data have.
 *
 * `sigmas` lists the levels where f is evaluated, one or two of them (`trigTimeToSigma(1.1)` is the paper's second); no
 * final 0. NFE: `sigmas.length`. The draw of level `sigmas[k + 1]` is `noise(k)`.
 *
 * @see Lu and Song 2024, section 5
 */
export const scm: Sampler<ScmOptions> = {
  name: 'scm',
  order: 0,
  stochastic: 'always',
  accepts: 'consistency',
  finalZero: 'refused',
  nfe: ({ sigmas }) => sigmas.length,
  async sample(model, start, { sigmaData = 0.5, ...options }) {
    checkSigmas('scm', options.sigmas, 1, false, true);
    if (!(sigmaData > 0)) throw new RangeError(`scm: sigmaData must be > 0, got ${sigmaData}.`);
    // The appended 0 stands for "no further level".
    const sigmas = [...options.sigmas, 0];
    return walk(
      scm,
      model,
      start,
      { ...options, sigmas },
      async ({ index, x, sigma, sigmaNext, space, denoise, draw }) => {
        const from = index === 0 ? space.combine([Math.hypot(1, sigmaData / sigma), x]) : x;
        const denoised = await denoise(from, sigma);
        return sigmaNext === 0 ? denoised : space.combine([1, denoised], [sigmaNext, draw()]);
      },
    );
  },
};
