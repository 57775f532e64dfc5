import {
  drawIntervals,
  ictHuberConstant,
  ictNumScales,
  karrasSigmas,
  lognormalIntervals,
  pseudoHuberDistance,
} from '@onestep/core';
import { tf, type Tensor1D } from '@onestep/tensor';
import { noised } from '../internal/noised';
import { drawNoise, drawPerImage, perImageTensor } from './image-draws';
import { requireTarget, type Objective, type Progress } from './objective';

/** Options of {@link ictObjective}. */
export interface IctObjectiveOptions {
  /** s0: the grid starts with s0 + 1 points; integer >= 2, default 10. */
  readonly startScales?: number | undefined;
  /** s1: it ends with s1 + 1; integer >= s0, default 1280. */
  readonly endScales?: number | undefined;
  /** Mean and std of ln sigma; default -1.1 and 2. */
  readonly pMean?: number | undefined;
  readonly pStd?: number | undefined;
  /** Constant of the pseudo-Huber distance, >= 0; default `auto`, 0.00054 sqrt(d). */
  readonly huberC?: number | 'auto' | undefined;
  /** `norm` (default): of the whole image, as the paper defines it; `element`: mean over elements, as public code has it. */
  readonly huberReduction?: 'norm' | 'element' | undefined;
  /** Of the grid; defaults 0.002, 80, 7. */
  readonly sigmaMin?: number | undefined;
  readonly sigmaMax?: number | undefined;
  readonly rho?: number | undefined;
}

/** A grid, sigma ascending, and how likely each of its intervals is. */
interface Grid {
  readonly sigmas: readonly number[];
  readonly probabilities: Float64Array;
}

/**
 * Improved consistency training: two neighbours of a grid that doubles over the run, drawn by a lognormal law, no teacher
 * and no slow target.
 *
 * (sqrt(|f(x0 + sigma_(i+1) n, sigma_(i+1)) - sg f(x0 + sigma_i n, sigma_i)|^2 + c^2) - c) / (sigma_(i+1) - sigma_i), sigma
 * ascending, p(i) the mass of the interval under ln sigma ~ N(pMean, pStd^2)
 *
 * Draws: `noise [B, ...]`, `sigma` (the larger), `sigmaNext`, `weight` `[B]`.
 *
 * @param options - `startScales`, `endScales`, `pMean`, `pStd`, `huberC`, `huberReduction`, `sigmaMin`, `sigmaMax`, `rho`
 * @throws {@link RangeError} as core's curriculum, grid and distance do; `curriculum` and `draws` throw it if the run has
 *   fewer steps than the curriculum has stages (eight with the defaults)
 * @remarks With `element` the distance is close to half the squared error over c, unless c is chosen for one element.
 * @see Song and Dhariwal 2023, section 3
 */
export function ictObjective(options: IctObjectiveOptions = {}): Objective {
  const { startScales = 10, endScales = 1280, pMean = -1.1, pStd = 2, huberC = 'auto' } = options;
  const { huberReduction = 'norm', sigmaMin = 0.002, sigmaMax = 80, rho = 7 } = options;
  const distanceFor = (dimensions: number) =>
    pseudoHuberDistance(huberC === 'auto' ? ictHuberConstant(dimensions) : huberC, { reduction: huberReduction });
  const numScalesAt = ({ step, totalSteps }: Progress) => ictNumScales(step, { startScales, endScales, totalSteps });
  const made = new Map<number, Grid>();
  const gridOf = (numScales: number): Grid => {
    const known = made.get(numScales);
    if (known !== undefined) return known;
    const sigmas = karrasSigmas(numScales, { sigmaMin, sigmaMax, rho }).reverse();
    const grid = { sigmas, probabilities: lognormalIntervals(sigmas, { pMean, pStd }) };
    made.set(numScales, grid);
    return grid;
  };
  // Options are checked here, not in the middle of a run.
  distanceFor(1);
  gridOf(numScalesAt({ step: 0, totalSteps: Number.MAX_SAFE_INTEGER, imagesSeen: 0 }));
  return {
    name: 'ict',
    needs: { teacher: 'none', target: 'stop-gradient' },
    curriculum: (progress) => ({ numScales: numScalesAt(progress) }),
    draws(request) {
      const { sigmas, probabilities } = gridOf(numScalesAt(request));
      const uniforms = drawPerImage(request, 'train.index', (stream) => stream.uniform(1)[0]);
      const intervals = Float64Array.from(drawIntervals(probabilities, uniforms));
      return {
        noise: drawNoise(request),
        sigma: perImageTensor(intervals.map((i) => sigmas[i + 1])),
        sigmaNext: perImageTensor(intervals.map((i) => sigmas[i])),
        weight: perImageTensor(intervals.map((i) => 1 / (sigmas[i + 1] - sigmas[i]))),
      };
    },
    targets(models, { images, draws, condition }) {
      const sigmaNext = draws.sigmaNext as Tensor1D;
      const target = requireTarget('ictObjective', models).denoise;
      return { target: target(noised(images, draws.noise, sigmaNext), sigmaNext, condition) };
    },
    loss(student, { images, draws, condition }, { target }) {
      const sigma = draws.sigma as Tensor1D;
      const estimate = student.denoise(noised(images, draws.noise, sigma), sigma, condition);
      return tf.mul(distanceFor(images.size / images.shape[0])(estimate, target), draws.weight);
    },
  };
}
