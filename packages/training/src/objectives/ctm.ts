import { l2Distance, solverFromName, weighting, type Distance, type Solver } from '@onestep/core';
import { tf, type Scalar, type Tensor, type Tensor1D, type Tensor2D } from '@onestep/tensor';
import type { GridOptions } from '../internal/consistency-pairs';
import { balanced, lastLayerNorm } from '../internal/last-layer-norm';
import { noised } from '../internal/noised';
import { drawTrajectories } from '../internal/trajectory-draws';
import { ctmAdversarial, type CtmAdversarialOptions } from './ctm-adversarial';
import { drawNoise, drawPerImage, perImageTensor } from './image-draws';
import {
  requireAdversary,
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
  /** The adversarial term; default none. */
  readonly adversarial?: CtmAdversarialOptions | undefined;
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
 *       + lambda (sigma'^-2 + sigmaData^-2) mean (g(x0 + sigma' n', sigma', sigma') - x0)^2
 *       - lambda' D(G-(G(x, sigma, s), s, sigmaMin))
 *
 * G-: the target, through which the gradient of the first term flows to G's result; x_u: the teacher's solution from
 * x = x0 + sigma n over m intervals. `adaptive`: lambda = |grad of the first term| / (|grad of the second| + 1e-4), at most
 * 1e4, with respect to the weight of the last layer, without gradient itself.
 *
 * With `adversarial`: D, a discriminator, learns in every second step from `startStep` on to tell the student's results
 * from the data, mean max(0, 1 - D(x0)) + max(0, 1 + D(fake)), while the student stands still; the steps between have the
 * third term, lambda' being the same quotient for that term, within [weightMin, weightMax]. Before, lambda' = 0.
 *
 * Draws: `noise`, `dsmNoise` `[B, ...]`; `sigma`, `sigmaNext` (u), `s`, `dsmSigma`, `dsmWeight` `[B]`; `levels [B, M + 1]`.
 *
 * @throws RangeError if an option is out of range, or as core's weighting does; TypeError from `targets`, if a weight is
 *   adaptive (that of the adversarial term always is) and the network names no output weight
 * @remarks The released code draws one m per batch; here each image has its own, which has the same mean and less
 *   variance, and needs one graph for all steps: images with a smaller m repeat their last level. So a step always costs
 *   `maxSolverSteps` solver steps. The adaptive weight repeats the student's forward pass; compiled, that pass is shared.
 *   It is one number per call, so that with gradient accumulation each slice of a batch has its own.
 *   The discriminator is not the paper's: that one is StyleGAN-XL's, projected on features of frozen pretrained networks,
 *   with augmentation. This one is a small network trained from scratch on raw images, without labels; its results say
 *   nothing about the paper's. The graph is the same in all steps, so that those before `startStep` cost as much as later
 *   ones, and a step in which the student stands still as much as one in which it moves.
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
  const rival = options.adversarial && ctmAdversarial(options.adversarial);

  /** What the student makes of the start of each trajectory, seen at sigmaMin. */
  const landing = (student: Model, outer: Model, { draws, condition }: ObjectiveBatch, start: Tensor): Tensor => {
    const jumped = student.jump(start, draws.sigma as Tensor1D, draws.s as Tensor1D, condition);
    return toOrigin(outer, jumped, draws.s as Tensor1D, { sigmaMin, condition });
  };

  return {
    name: 'ctm',
    ...(rival === undefined ? {} : { adversary: rival.adversary }),
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
      const target = toOrigin(outer, jumped, draws.s as Tensor1D, { sigmaMin, condition });
      const land = (student: Model): Tensor => landing(student, outer, batch, start);
      const norm = (loss: (student: Model) => Tensor1D): Scalar => normOf(models.student, loss);
      const balances = dsmWeight === 'adaptive' || rival !== undefined;
      const first = balances ? norm((student) => distance(land(student), target)) : tf.scalar(0);
      const factor =
        dsmWeight === 'adaptive'
          ? balanced(
              first,
              norm((student) => denoisingLoss(student, batch)),
              largestDsmFactor,
            )
          : tf.scalar(dsmWeight);
      const made = { start, target, factor };
      if (rival === undefined) return made;
      const { params, teaches } = requireAdversary('ctmObjective', models);
      const second = norm((student) => rival.term(params, land(student)));
      return { ...made, fake: land(models.student), rivalFactor: tf.mul(rival.weight(first, second), teaches) };
    },
    loss(student, batch, { start, target, factor, rivalFactor }, models) {
      const landed = landing(student, requireTarget('ctmObjective', models), batch, start);
      const own = tf.add<Tensor1D>(distance(landed, target), tf.mul(denoisingLoss(student, batch), factor));
      if (rival === undefined) return own;
      const { params } = requireAdversary('ctmObjective', models);
      return tf.add(own, tf.mul(rival.term(params, landed), rivalFactor));
    },
  };
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

/** Norm of a term's gradient at the last layer. */
function normOf(student: Model, loss: (student: Model) => Tensor1D): Scalar {
  return lastLayerNorm(
    student,
    loss,
    'ctmObjective: adaptive weights need a network that names its output weight, got one that does not. ' +
      'Set dsmWeight to a number, and leave out the adversarial term.',
  );
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
