import {
  eulerSolver,
  karrasSigmas,
  l2Distance,
  perImage,
  weighting,
  type Distance,
  type WeightingName,
} from '@onestep/core';
import { tf, type Tensor1D } from '@onestep/tensor';
import { halvingStages } from '../internal/halving-stages';
import { noised } from '../internal/noised';
import { drawIndex, drawNoise, perImageTensor } from './image-draws';
import { requireTeacher, type Objective } from './objective';

/** Options of {@link pdObjective}. */
export interface PdObjectiveOptions {
  /** Intervals N of the first stage's student, `endScales` times a power of two; default 64. Its teacher takes 2 N. */
  readonly startScales?: number | undefined;
  /** Intervals of the last stage's student, integer >= 1; default 1. */
  readonly endScales?: number | undefined;
  /** How many of the last stages get twice the steps of the others, integer >= 0; default 2. */
  readonly doubledStages?: number | undefined;
  /** Default: mean squared difference. */
  readonly distance?: Distance | undefined;
  /** lambda at the larger sigma of the interval; default `truncated-snr`, max(1, sigma^-2). */
  readonly weighting?: WeightingName | undefined;
  /** Of the grid; defaults 0.002, 80, 7. */
  readonly sigmaMin?: number | undefined;
  readonly sigmaMax?: number | undefined;
  readonly rho?: number | undefined;
  readonly sigmaData?: number | undefined;
}

/**
 * Progressive distillation on the EDM grid: one Euler step of the student over an interval must land where two of the
 * teacher's land; then the student becomes the teacher and the number of intervals halves.
 *
 * lambda(sigma) d(D(x, sigma), target), target = (xNext - r x) / (1 - r), r = sigmaNext / sigma, where x = x0 + sigma n
 * and xNext is the teacher's point after Euler steps sigma -> sigmaMid -> sigmaNext, grid positions i/N, (i + 1/2)/N,
 * (i + 1)/N, i uniform in 0 .. N - 1.
 *
 * Draws: `noise [B, ...]`, `sigma`, `sigmaMid`, `sigmaNext`, `weight` `[B]`. Curriculum: `numScales` (N) and `stage`.
 *
 * @throws RangeError if startScales is not endScales times a power of two, or as core's grid and weighting do; from
 *   `stage` and `draws`, if a run has too few steps for its stages
 * @remarks The target is computed as the mean w D1 + (1 - w) D2 of the teacher's two denoised images,
 *   w = sigmaNext (sigma - sigmaMid) / (sigmaMid (sigma - sigmaNext)), which is the same and loses no digits on fine grids.
 *   The original form of the method (VP, cosine schedule) is this one on the grid sigma = tan(a u + b), its
 *   max(SNR, 1) weighting is `truncated-snr`; only the grid of EDM is offered, since a student belongs to the grid it is
 *   sampled on. Sample with Euler steps over the N intervals; the point at sigmaMin is the image.
 * @see Salimans & Ho 2022, Algorithm 2; openai/consistency_models, progdist_losses
 */
export function pdObjective(options: PdObjectiveOptions = {}): Objective {
  const { startScales = 64, endScales = 1, doubledStages = 2, distance = l2Distance } = options;
  const grid = { sigmaMin: options.sigmaMin ?? 0.002, sigmaMax: options.sigmaMax ?? 80, rho: options.rho ?? 7 };
  const weigh = weighting(options.weighting ?? 'truncated-snr', { sigmaData: options.sigmaData ?? 0.5 });
  const { stage, numScalesOf } = halvingStages('pdObjective', { startScales, endScales, doubledStages });
  karrasSigmas(2, grid);
  return {
    name: 'pd',
    needs: { teacher: 'stages', target: 'none' },
    curriculum(progress) {
      const { index } = stage(progress);
      return { numScales: numScalesOf(index), stage: index };
    },
    stage,
    draws(request) {
      const numScales = numScalesOf(stage(request).index);
      // Every second level is a point of the student's grid.
      const levels = karrasSigmas(2 * numScales + 1, grid);
      const index = drawIndex(request, numScales);
      const sigma = index.map((i) => levels[2 * i]);
      const sigmaNext = index.map((i) => levels[2 * i + 2]);
      return {
        noise: drawNoise(request),
        sigma: perImageTensor(sigma),
        sigmaMid: perImageTensor(index.map((i) => levels[2 * i + 1])),
        sigmaNext: perImageTensor(sigmaNext),
        weight: perImageTensor(weigh.batch(sigma, sigmaNext)),
      };
    },
    targets(models, { images, draws, condition }) {
      const sigma = draws.sigma as Tensor1D;
      const sigmaMid = draws.sigmaMid as Tensor1D;
      const given = { ...condition, dropout: undefined };
      const teacher = requireTeacher('pdObjective', models);
      const start = noised(images, draws.noise, sigma);
      const first = teacher(start, sigma, given);
      const middle = eulerSolver.stepPerImage(() => first, start, sigma, sigmaMid);
      const second = teacher(middle, sigmaMid, given);
      const share = tf.div(
        tf.mul(draws.sigmaNext, tf.sub(sigma, sigmaMid)),
        tf.mul(sigmaMid, tf.sub(sigma, draws.sigmaNext)),
      );
      return { start, target: tf.add(second, tf.mul(tf.sub(first, second), perImage(share as Tensor1D, start))) };
    },
    loss(student, { draws, condition }, { start, target }) {
      const estimate = student.denoise(start, draws.sigma as Tensor1D, condition);
      return tf.mul(distance(estimate, target), draws.weight);
    },
  };
}
