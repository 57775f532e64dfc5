import { checkSigmas } from '../internal/check-sigmas';
import { eulerMove } from '../internal/euler-move';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';

/**
 * Sampler of progressively distilled students: an Euler (DDIM) step per interval of the very grid the student was trained
 * on, which ends at sigmaMin.
 *
 * `sigmas` has no final 0: the last level is where the image is left. NFE: one call per step.
 *
 * @remarks A student's step stands for many of its teacher's: other levels than those of its training are not refused, but
 *   mean nothing to it.
 * @see Salimans & Ho 2022; consistency_models `sample_progdist`
 */
export const progressiveDistillation: Sampler = {
  name: 'progressive-distillation',
  order: 1,
  stochastic: 'never',
  accepts: 'denoiser',
  finalZero: 'refused',
  drawsPerStep: 0,
  nfe: ({ sigmas }) => sigmas.length - 1,
  async sample(model, start, options) {
    checkSigmas('progressiveDistillation', options.sigmas, 2, false);
    return walk(progressiveDistillation, model, start, options, async ({ x, sigma, sigmaNext, space, denoise }) =>
      eulerMove(space, x, await denoise(x, sigma), sigma, sigmaNext),
    );
  },
};
