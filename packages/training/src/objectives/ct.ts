import { consistencyCurriculum, l2Distance, weighting, type Distance, type WeightingName } from '@onestep/core';
import { tf, type Tensor1D } from '@onestep/tensor';
import { drawGridPairs, type GridOptions } from '../internal/consistency-pairs';
import { noised } from '../internal/noised';
import { requireTarget, type Objective, type Progress } from './objective';

/** Options of {@link ctObjective}. */
export interface CtObjectiveOptions {
  /** s0: points of the grid at the start, integer >= 2; default 2. */
  readonly startScales?: number | undefined;
  /** s1: the grid ends with s1 + 1 points; integer >= s0, default 150. */
  readonly endScales?: number | undefined;
  /** mu0: sets how fast the target follows, (0, 1); default 0.9. */
  readonly startEma?: number | undefined;
  /** mu(k) of the released code (default) or of the paper. */
  readonly targetEmaForm?: 'code' | 'paper' | undefined;
  /** Default: mean squared difference. */
  readonly distance?: Distance | undefined;
  /** lambda at the larger sigma of the pair; default `uniform`. */
  readonly weighting?: WeightingName | undefined;
  /** Of the grid; defaults 0.002, 80, 7. */
  readonly sigmaMin?: number | undefined;
  readonly sigmaMax?: number | undefined;
  readonly rho?: number | undefined;
  readonly sigmaData?: number | undefined;
}

/**
 * Consistency training: two neighbours of the grid on the same line x0 + sigma n, no teacher.
 *
 * lambda(sigma_i) d(f(x0 + sigma_i n, sigma_i), f_target(x0 + sigma_(i+1) n, sigma_(i+1))), i uniform in 0 .. N(k) - 2,
 * the target moving with mu(k).
 *
 * Draws: `noise [B, ...]`, `sigma`, `sigmaNext`, `weight` `[B]`.
 *
 * @throws RangeError as core's curriculum and weighting do
 * @see Song et al. 2023, Algorithm 3 and appendix C
 */
export function ctObjective(options: CtObjectiveOptions = {}): Objective {
  const { startScales = 2, endScales = 150, startEma = 0.9, targetEmaForm = 'code', distance = l2Distance } = options;
  const grid: GridOptions = {
    sigmaMin: options.sigmaMin ?? 0.002,
    sigmaMax: options.sigmaMax ?? 80,
    rho: options.rho ?? 7,
  };
  const weigh = weighting(options.weighting ?? 'uniform', { sigmaData: options.sigmaData ?? 0.5 });
  const curriculum = ({ step, totalSteps }: Progress) => {
    const { numScales, targetEma } = consistencyCurriculum({
      scaleMode: 'progressive',
      emaMode: 'adaptive',
      startScales,
      endScales,
      startEma,
      totalSteps,
      adaptiveForm: targetEmaForm,
    })(step);
    return { numScales, targetEma };
  };
  // Options are checked here, not in the middle of a run.
  curriculum({ step: 0, totalSteps: 1, imagesSeen: 0 });
  return {
    name: 'ct',
    needs: { teacher: 'none', target: 'ema' },
    curriculum,
    draws: (request) => drawGridPairs(request, { numScales: curriculum(request).numScales, grid, weigh }),
    targets(models, { images, draws, condition }) {
      const sigmaNext = draws.sigmaNext as Tensor1D;
      const target = requireTarget('ctObjective', models).denoise;
      return { target: target(noised(images, draws.noise, sigmaNext), sigmaNext, condition) };
    },
    loss(student, { images, draws, condition }, { target }) {
      const sigma = draws.sigma as Tensor1D;
      const estimate = student.denoise(noised(images, draws.noise, sigma), sigma, condition);
      return tf.mul(distance(estimate, target), draws.weight);
    },
  };
}
