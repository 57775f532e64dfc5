import { l2Distance, solverFromName, weighting, type Distance, type Solver } from '@onestep/core';
import {
  tf,
  valueAndGrads,
  type Params,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@onestep/tensor';
import type { GridOptions } from '../internal/consistency-pairs';
import { noised } from '../internal/noised';
import { drawTrajectories } from '../internal/trajectory-draws';
import { drawNoise, drawPerImage, perImageTensor } from './image-draws';
import {
  requireTarget,
  requireTeacher,
  type DrawRequest,
  type Model,
  type Objective,
  type ObjectiveBatch,
} from './objective';

/** Options of {@link ctmObjective}. */
export interface CtmObjectiveOptions {
  /** Points N of the grid, integer >= 3; default 18. */
  readonly numScales?: number | undefined;
  /** Largest number of intervals the teacher solves, in 1 .. N - 1; default N - 1. A step costs that many solver steps. */
  readonly maxSolverSteps?: number | undefined;
  /** Step of the teacher's PF ODE: `heun` (default, two teacher calls) or `euler` (one). */
  readonly solver?: 'heun' | 'euler' | undefined;
  /** Decay mu of the target, [0, 1); default 0.999. 0 makes the target the student itself. */
  readonly targetEma?: number | undefined;
  /** Default: mean squared difference (the paper: LPIPS). */
  readonly distance?: Distance | undefined;
  /** Factor on the denoising term: a number >= 0, or `adaptive` (default), balanced at the network's last layer. */
  readonly dsmWeight?: 'adaptive' | number | undefined;
  /** Mean and std of ln sigma in one half of the denoising term; default -1.2 and 1.2. */
  readonly dsmPMean?: number | undefined;
  readonly dsmPStd?: number | undefined;
  /** Of the grid; defaults 0.002, 80, 7. */
  readonly sigmaMin?: number | undefined;
  readonly sigmaMax?: number | undefined;
  readonly rho?: number | undefined;
  readonly sigmaData?: number | undefined;
}

/** Share of the grid, from sigmaMax on, that the other half of the denoising term is spread over. */
const dsmGridShare = 0.7;
/** Largest adaptive factor on the denoising term. */
const largestDsmFactor = 1e4;

/**
 * Consistency trajectory models, distilled: jumping from sigma to s must agree with letting the teacher go to u first,
 * both seen at sigmaMin; and G's inner part must stay a denoiser.
 *
 *     d(G-(G(x, sigma, s), s, sigmaMin), G-(G_sg(x_u, u, s), s, sigmaMin))
 *       + lambda (sigma'^-2 + sigmaData^-2) mean (D(x0 + sigma' n', sigma') - x0)^2
 *
 * G-: the target, through which the gradient of the first term flows to G's result; x_u: the teacher's solution from
 * x = x0 + sigma n over m intervals; D(x, sigma) = g(x, sigma, sigma). `adaptive`: lambda = |grad of the first term| /
 * (|grad of the second| + 1e-4), at most 1e4, with respect to the weight of the last layer, without gradient itself.
 *
 * Draws: `noise`, `dsmNoise` `[B, ...]`; `sigma`, `sigmaNext` (u), `s`, `dsmSigma`, `dsmWeight` `[B]`; `levels [B, M + 1]`.
 *
 * @throws RangeError if an option is out of range, or as core's weighting does; TypeError from `targets`, if the weight is
 *   adaptive and the network names no output weight
 * @remarks The released code draws one m per batch; here each image has its own, which has the same mean and less
 *   variance, and needs one graph for all steps: images with a smaller m repeat their last level. So a step always costs
 *   `maxSolverSteps` solver steps. The adaptive weight repeats the student's forward pass; compiled, that pass is shared.
 *   It is one number per call, so that with gradient accumulation each slice of a batch has its own.
 *   The paper's adversarial term is not offered: it is defined on a frozen feature network, and needs a second network
 *   with an optimizer of its own.
 * @see Kim et al. 2023, "Consistency trajectory models", Eq. 14 and Algorithm 1; sony/ctm, ctm_losses
 */
export function ctmObjective(options: CtmObjectiveOptions = {}): Objective {
  const { numScales = 18, targetEma = 0.999, distance = l2Distance, dsmWeight = 'adaptive' } = options;
  const { sigmaMin = 0.002, sigmaMax = 80, rho = 7, sigmaData = 0.5, dsmPMean = -1.2, dsmPStd = 1.2 } = options;
  const { maxSolverSteps = numScales - 1 } = options;
  checkOptions({ numScales, maxSolverSteps, targetEma, dsmWeight });
  const grid: GridOptions = { sigmaMin, sigmaMax, rho };
  const solver = solverFromName(options.solver ?? 'heun');
  const weigh = weighting('karras', { sigmaData });

  /** Loss of each image against the target of the batch. */
  const trajectoryLoss = (student: Model, outer: Model, { draws, condition }: ObjectiveBatch, goal: Goal): Tensor1D => {
    const jumped = student.jump(goal.start, draws.sigma as Tensor1D, draws.s as Tensor1D, condition);
    return distance(toOrigin(outer, jumped, draws.s as Tensor1D, { sigmaMin, condition }), goal.target);
  };

  return {
    name: 'ctm',
    needs: { teacher: 'frozen', target: targetEma > 0 ? 'ema' : 'stop-gradient', secondTime: true },
    curriculum: () => ({ numScales, targetEma }),
    draws(request) {
      const dsmSigma = drawDsmSigma(request, { grid, pMean: dsmPMean, pStd: dsmPStd });
      return {
        noise: drawNoise(request),
        ...drawTrajectories(request, { numScales, maxSolverSteps, grid }),
        dsmNoise: drawNoise(request, 'train.dsm.noise'),
        dsmSigma: perImageTensor(dsmSigma),
        dsmWeight: perImageTensor(weigh.batch(dsmSigma)),
      };
    },
    targets(models, batch) {
      const { images, draws, condition } = batch;
      const outer = requireTarget('ctmObjective', models);
      const start = noised(images, draws.noise, draws.sigma);
      const teacher = requireTeacher('ctmObjective', models);
      const reached = solveLevels(solver, start, draws.levels as Tensor2D, (x, sigma) =>
        teacher(x, sigma, { ...condition, dropout: undefined }),
      );
      const jumped = models.student.jump(reached, draws.sigmaNext as Tensor1D, draws.s as Tensor1D, condition);
      const goal = { start, target: toOrigin(outer, jumped, draws.s as Tensor1D, { sigmaMin, condition }) };
      const factor =
        dsmWeight === 'adaptive'
          ? balance(models.student, {
              first: (student) => trajectoryLoss(student, outer, batch, goal),
              second: (student) => denoisingLoss(student, batch),
            })
          : tf.scalar(dsmWeight);
      return { ...goal, factor };
    },
    loss(student, batch, { start, target, factor }, models) {
      const first = trajectoryLoss(student, requireTarget('ctmObjective', models), batch, { start, target });
      return tf.add(first, tf.mul(denoisingLoss(student, batch), factor));
    },
  };
}

interface Goal {
  readonly start: Tensor;
  readonly target: Tensor;
}

function denoisingLoss(student: Model, { images, draws, condition }: ObjectiveBatch): Tensor1D {
  const sigma = draws.dsmSigma as Tensor1D;
  const denoised = student.denoise(noised(images, draws.dsmNoise, sigma), sigma, condition);
  return tf.mul(l2Distance(denoised, images), draws.dsmWeight);
}

/** G(x, s, sigmaMin). */
function toOrigin(
  { jump }: Model,
  x: Tensor,
  s: Tensor1D,
  { sigmaMin, condition }: { readonly sigmaMin: number } & Pick<ObjectiveBatch, 'condition'>,
): Tensor {
  return jump(x, s, tf.fill([s.shape[0]], sigmaMin), condition);
}

/** Follows the PF ODE along levels `[B, steps + 1]`; where two neighbours are equal, an image stays where it is. */
function solveLevels(
  solver: Solver,
  start: Tensor,
  levels: Tensor2D,
  denoiser: (x: Tensor, sigma: Tensor1D) => Tensor,
): Tensor {
  const [batchSize, width] = levels.shape;
  const column = (j: number): Tensor1D => tf.reshape(tf.slice(levels, [0, j], [batchSize, 1]), [batchSize]);
  let x = start;
  for (let j = 1; j < width; j += 1) x = solver.stepPerImage(denoiser, x, column(j - 1), column(j));
  return x;
}

/** |grad first| / (|grad second| + 1e-4) at the last layer, at most 1e4. */
function balance(student: Model, losses: Readonly<Record<'first' | 'second', (student: Model) => Tensor1D>>): Scalar {
  const name = student.outputWeight;
  if (name === undefined) {
    throw new TypeError(
      'ctmObjective: dsmWeight "adaptive" needs a network that names its output weight, got one that does not. Set dsmWeight to a number.',
    );
  }
  const norm = (loss: (student: Model) => Tensor1D): Scalar => {
    const atLast = (last: Params): Scalar => tf.mean<Scalar>(loss(student.withParams({ ...student.params, ...last })));
    const { grads } = valueAndGrads(atLast, { [name]: student.params[name] });
    return tf.sqrt(tf.sum<Scalar>(tf.square(grads[name])));
  };
  const ratio = tf.div<Scalar>(norm(losses.first), tf.add(norm(losses.second), 1e-4));
  return tf.minimum(ratio, tf.scalar(largestDsmFactor));
}

/** One half lognormal, the other at a uniform position of the noisier 70 % of the grid. */
function drawDsmSigma(
  request: DrawRequest,
  { grid, pMean, pStd }: { readonly grid: GridOptions; readonly pMean: number; readonly pStd: number },
): Float64Array {
  const { sigmaMin, sigmaMax, rho } = grid;
  const first = sigmaMax ** (1 / rho);
  const last = sigmaMin ** (1 / rho);
  return drawPerImage(request, 'train.dsm.sigma', (stream) => {
    const [half, position] = stream.uniform(2);
    if (half < 0.5) return Math.exp(pMean + pStd * stream.normal(1)[0]);
    return Math.min(sigmaMax, (first + dsmGridShare * position * (last - first)) ** rho);
  });
}

function checkOptions({
  numScales,
  maxSolverSteps,
  targetEma,
  dsmWeight,
}: {
  readonly numScales: number;
  readonly maxSolverSteps: number;
  readonly targetEma: number;
  readonly dsmWeight: 'adaptive' | number;
}): void {
  const where = 'ctmObjective';
  if (!Number.isSafeInteger(numScales) || numScales < 3) {
    throw new RangeError(`${where}: numScales must be an integer >= 3, got ${numScales}.`);
  }
  if (!Number.isSafeInteger(maxSolverSteps) || maxSolverSteps < 1 || maxSolverSteps >= numScales) {
    throw new RangeError(
      `${where}: maxSolverSteps must be an integer in 1 .. numScales - 1 = ${numScales - 1}, got ${maxSolverSteps}.`,
    );
  }
  if (!(targetEma >= 0 && targetEma < 1)) {
    throw new RangeError(`${where}: targetEma must be in [0, 1), got ${targetEma}.`);
  }
  if (dsmWeight !== 'adaptive' && !(dsmWeight >= 0 && dsmWeight < Infinity)) {
    throw new RangeError(`${where}: dsmWeight must be "adaptive" or >= 0, got ${dsmWeight}.`);
  }
}
