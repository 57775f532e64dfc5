import { checkChoice } from '../internal/check-choice';
import { checkInteger } from '../internal/check-integer';
import { checkInside } from '../internal/check-options';
import { checkSigmas } from '../internal/check-sigmas';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';
import { renoise } from './ancestral';

const predictors = ['ancestral', 'reverse-diffusion'] as const;

/** Options of {@link predictorCorrector}. */
export interface PredictorCorrectorOptions {
  /**
   * How a step goes down: `reverse-diffusion` adds noise of variance sigma^2 - sigma'^2, `ancestral` (default) the share of it
   * that the next level has room for.
   */
  readonly predictor?: (typeof predictors)[number] | undefined;
  /** Langevin steps at every level before going down, integer >= 0, default 1; 0 leaves the predictor alone. */
  readonly correctorSteps?: number | undefined;
  /** Signal-to-noise ratio of a Langevin step, in (0, 1), default 0.16; images larger than 32 x 32 take less. */
  readonly snr?: number | undefined;
}

/**
 * Predictor-corrector sampling of the variance-exploding SDE: at each level `correctorSteps` times
 * x + e (D - x) / sigma^2 + sqrt(2 e) z with e = 2 (snr sigma)^2, then the predictor
 * x' = D + (sigma' / sigma)^2 (x - D) + s z with s^2 = sigma^2 - sigma'^2, times (sigma' / sigma)^2 if `ancestral`;
 * no noise in a step to 0.
 *
 * `sigmas` ends with 0, or with a last level to stop at. NFE: 1 + correctorSteps per step. Draws of a step: the
 * corrector's, then the predictor's.
 *
 * @throws RangeError if snr is not in (0, 1): from 1 on Langevin steps diverge
 * @remarks The released code sizes a Langevin step by the mean norms of z and the score over the batch; this takes what
 *   they are expected to be, as its annealed corrector (`ald`) does: no image depends on others, no data is read back.
 *   The paper corrects after each prediction, the code, as here, before. Langevin steps leave noise of variance
 *   sigma^2 / (1 - snr^2). The released default, reverse diffusion, is made for a thousand steps: of few, it leaves noise
 *   far above the next level.
 * @see Song et al. 2021, Algorithms 2 and 4; score_sde `get_pc_sampler`
 */
export const predictorCorrector: Sampler<PredictorCorrectorOptions> = {
  name: 'predictor-corrector',
  order: 1,
  stochastic: 'always',
  accepts: 'denoiser',
  finalZero: 'expected',
  drawsPerStep: 2,
  nfe: ({ sigmas, correctorSteps = 1 }) => (sigmas.length - 1) * (1 + correctorSteps),
  async sample(model, start, { predictor = 'ancestral', correctorSteps = 1, snr = 0.16, ...options }) {
    const where = 'predictorCorrector';
    checkSigmas(where, options.sigmas, 2, true);
    checkChoice(where, 'predictor', predictor, predictors);
    checkInteger(where, 'correctorSteps', correctorSteps, 0, Infinity);
    checkInside(where, 'snr', snr, { high: 1 });
    const setup = { name: predictorCorrector.name, drawsPerStep: 1 + correctorSteps };
    return walk(setup, model, start, options, async ({ x: given, sigma, sigmaNext, space, denoise, draw }) => {
      let x = given;
      for (let j = 0; j < correctorSteps; j += 1) {
        // e / sigma^2 and sqrt(2 e).
        const [pull, noise] = [2 * snr * snr, 2 * snr * sigma];
        x = space.combine([1 - pull, x], [pull, await denoise(x, sigma)], [noise, draw(j)]);
      }
      const ratio = (sigmaNext / sigma) ** 2;
      const mean = space.combine([ratio, x], [1 - ratio, await denoise(x, sigma)]);
      if (sigmaNext === 0) return mean;
      const variance = (sigma - sigmaNext) * (sigma + sigmaNext) * (predictor === 'ancestral' ? ratio : 1);
      return renoise(space, mean, Math.sqrt(variance), () => draw(correctorSteps));
    });
  },
};
