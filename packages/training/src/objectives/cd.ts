import { l2Distance, solverFromName, weighting, type Distance, type WeightingName } from '@onestep/core';
import { tf, type Tensor1D } from '@onestep/tensor';
import { drawGridPairs, type GridOptions } from '../internal/consistency-pairs';
import { noised } from '../internal/noised';
import { requireTarget, requireTeacher, type Objective } from './objective';

/** Options of {@link cdObjective}. */
export interface CdObjectiveOptions {
  /** Points N of the grid, integer >= 2; default 18. */
  readonly numScales?: number | undefined;
  /** Step of the teacher's PF ODE: `heun` (default, two teacher calls) or `euler` (one). */
  readonly solver?: 'heun' | 'euler' | undefined;
  /** Decay mu of the target, [0, 1); 0 (default) makes the target the student itself, without gradient. */
  readonly targetEma?: number | undefined;
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
 * Consistency distillation: x_t = x0 + sigma_i n, the teacher's ODE step takes it to sigma_(i+1), and the student at
 * x_t is pulled towards the target at the point reached.
 *
 * lambda(sigma_i) d(f(x_t, sigma_i), f_target(xHat, sigma_(i+1))), i uniform in 0 .. N - 2
 *
 * Draws: `noise [B, ...]`, `sigma`, `sigmaNext`, `weight` `[B]`.
 *
 * @throws RangeError if `targetEma` is not in [0, 1), or as core's grid, solver and weighting do
 * @remarks With mu = 0 the released code and the paper agree that the target is the student under a stop-gradient. The
 * teacher must come with its own (EDM) preconditioning, not the consistency form, and never sees dropout.
 * @see Song et al. 2023, Algorithm 2
 */
export function cdObjective(options: CdObjectiveOptions = {}): Objective {
  const { numScales = 18, targetEma = 0, distance = l2Distance, sigmaMin = 0.002, sigmaMax = 80, rho = 7 } = options;
  if (!(targetEma >= 0 && targetEma < 1)) {
    throw new RangeError(`cdObjective: targetEma must be in [0, 1), got ${targetEma}.`);
  }
  const grid: GridOptions = { sigmaMin, sigmaMax, rho };
  const solver = solverFromName(options.solver ?? 'heun');
  const weigh = weighting(options.weighting ?? 'uniform', { sigmaData: options.sigmaData ?? 0.5 });
  return {
    name: 'cd',
    needs: { teacher: 'frozen', target: targetEma > 0 ? 'ema' : 'stop-gradient' },
    curriculum: () => ({ numScales, targetEma }),
    draws: (request) => drawGridPairs(request, { numScales, grid, weigh }),
    targets(models, { images, draws, condition }) {
      const sigma = draws.sigma as Tensor1D;
      const sigmaNext = draws.sigmaNext as Tensor1D;
      const start = noised(images, draws.noise, sigma);
      const teacher = requireTeacher('cdObjective', models);
      const reached = solver.stepPerImage(teacher, start, sigma, sigmaNext, { ...condition, dropout: undefined });
      return { start, target: requireTarget('cdObjective', models).denoise(reached, sigmaNext, condition) };
    },
    loss(student, { draws, condition }, { start, target }) {
      const estimate = student.denoise(start, draws.sigma as Tensor1D, condition);
      return tf.mul(distance(estimate, target), draws.weight);
    },
  };
}
