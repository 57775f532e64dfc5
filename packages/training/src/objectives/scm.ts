import { perImage } from '@onestep/core';
import { jvp, tf, type Tensor, type Tensor1D } from '@onestep/tensor';
import { imageNorm } from '../internal/image-norm';
import { noised } from '../internal/noised';
import { trigNetwork } from '../internal/trig-network';
import { drawLognormalSigma, drawNoise, perImageTensor } from './image-draws';
import { adaptivelyWeighted, harmonicLogWeight, type LogWeight } from './log-weight';
import type { Objective, ObjectiveBatch, ObjectiveModels } from './objective';

/** Options of {@link scdObjective} and {@link sctObjective}. */
export interface ScmObjectiveOptions {
  /** Mean and std of ln sigma; default -1 and 1.4. */
  readonly pMean?: number | undefined;
  readonly pStd?: number | undefined;
  /** Draws are clipped to this range; default 0.002 and 80. */
  readonly sigmaMin?: number | undefined;
  readonly sigmaMax?: number | undefined;
  /** H: steps over which the second part of the tangent is faded in, integer >= 0; default 10,000. */
  readonly tangentWarmupSteps?: number | undefined;
  /** `norm` (default): g / (|g| + c); `rms`: g / (|g| / sqrt(d) + c); `clip`: each element to [-1, 1]. */
  readonly tangentNormalisation?: 'norm' | 'rms' | 'clip' | undefined;
  /** c, > 0; default 0.1. */
  readonly tangentC?: number | undefined;
  /**
   * Learns a weight per noise level beside the network: true (default), false, or a head of your own. It grows as the
   * inverse of the loss, without bound: where a student can follow its teacher exactly, as in a few dimensions, levels that
   * have converged then drown the others, and false is far better.
   */
  readonly adaptiveWeighting?: boolean | LogWeight | undefined;
}

/** dx_t/dt along the trajectory through x_t, without gradient. */
export type TrigVelocity = (models: ObjectiveModels, batch: ObjectiveBatch, point: TrigPoint) => Tensor;

/** A batch of points in the coordinates of TrigFlow; cos(t) and sin(t) have the rank of the images. */
export interface TrigPoint {
  /** x_t / cos(t) = x0 + sigma n. */
  readonly x: Tensor;
  readonly sigma: Tensor1D;
  readonly cos: Tensor;
  readonly sin: Tensor;
  readonly sigmaData: number;
}

/**
 * What scd and sct share. With t = arctan(sigma / sigmaData), x_t = cos(t) (x0 + sigma n), u = x_t / sigmaData:
 *
 * g = -cos^2(t) (sigmaData F - dx_t/dt) - r (cos(t) sin(t) x_t + sigmaData JVP), normalised over the image;
 * loss = e^w / d |F(u, t) - sg F(u, t) - g|^2 - w
 *
 * The JVP is that of F along cos(t) sin(t) (dx_t/dt / sigmaData, 1) in (u, t). As cos(t) sin(t) d/dt = d / d ln sigma, it is
 * taken along (cos(t) sin(t) dx_t/dt / sigmaData, sigma) in (u, sigma), through cNoise(sigma): finite at both ends for every
 * noise embedding.
 *
 * @param velocity - what tells scd from sct
 */
export function scmObjective(
  name: 'scd' | 'sct',
  options: ScmObjectiveOptions,
  { teacher, velocity }: { readonly teacher: 'none' | 'frozen'; readonly velocity: TrigVelocity },
): Objective {
  const where = `${name}Objective`;
  const { pMean = -1, pStd = 1.4, sigmaMin = 0.002, sigmaMax = 80, tangentWarmupSteps = 10_000 } = options;
  const { tangentNormalisation = 'norm', tangentC = 0.1, adaptiveWeighting = true } = options;
  requireOptions(where, { pStd, sigmaMin, sigmaMax, tangentWarmupSteps, tangentC });
  const head =
    adaptiveWeighting === true ? harmonicLogWeight() : adaptiveWeighting === false ? undefined : adaptiveWeighting;
  const warmup = (step: number): number => (tangentWarmupSteps === 0 ? 1 : Math.min(1, step / tangentWarmupSteps));
  return {
    name,
    needs: { teacher, target: 'none' },
    auxiliary: head?.shapes,
    curriculum: ({ step }) => ({ tangentWarmup: warmup(step) }),
    draws(request) {
      const drawn = drawLognormalSigma(request, pMean, pStd);
      return {
        noise: drawNoise(request),
        sigma: perImageTensor(drawn.map((sigma) => Math.min(sigmaMax, Math.max(sigmaMin, sigma)))),
        tangentWarmup: perImageTensor(new Float64Array(request.batchSize).fill(warmup(request.step))),
      };
    },
    targets(models, batch) {
      const { apply, sigmaData } = trigNetwork(where, models.student);
      const point = trigPoint(batch, sigmaData);
      const { x, sigma, cos, sin } = point;
      const slope = velocity(models, batch, point);
      const both = tf.mul(cos, sin);
      const input = tf.mul(x, tf.div(cos, sigmaData));
      const { value: output, tangent: along } = jvp(
        (u, level) => apply(u, level as Tensor1D, batch.condition),
        [input, sigma],
        [tf.mul(slope, tf.div(both, sigmaData)), sigma],
        { outputShape: x.shape },
      );
      const towards = tf.mul(tf.sub(slope, tf.mul(output, sigmaData)), tf.square(cos));
      const drift = tf.add(tf.mul(x, tf.mul(both, cos)), tf.mul(along, sigmaData));
      const raw = tf.sub(towards, tf.mul(drift, perImage(batch.draws.tangentWarmup as Tensor1D, x)));
      return { input, output, tangent: normalised(raw, tangentNormalisation, tangentC) };
    },
    loss(student, { draws, condition }, { input, output, tangent }) {
      const { apply, sigmaData } = trigNetwork(where, student);
      const sigma = draws.sigma as Tensor1D;
      // The first difference is zero in value: it is there for its gradient.
      const gap = tf.sub(tf.sub(apply(input, sigma, condition), output), tangent);
      const squared = tf.mean<Tensor1D>(tf.square(tf.reshape(gap, [gap.shape[0], -1])), 1);
      if (head === undefined) return squared;
      return adaptivelyWeighted(squared, head, student.auxiliary, tf.div(sigma, sigmaData));
    },
  };
}

/** cos(t) and sin(t) from sigma without forming t, whose distance to pi/2 float32 does not hold. */
function trigPoint({ images, draws }: ObjectiveBatch, sigmaData: number): TrigPoint {
  const sigma = draws.sigma as Tensor1D;
  const radius = tf.sqrt(tf.add(tf.square(sigma), sigmaData ** 2));
  return {
    x: noised(images, draws.noise, sigma),
    sigma,
    cos: perImage(tf.div<Tensor1D>(sigmaData, radius), images),
    sin: perImage(tf.div<Tensor1D>(sigma, radius), images),
    sigmaData,
  };
}

function normalised(tangent: Tensor, how: 'norm' | 'rms' | 'clip', c: number): Tensor {
  if (how === 'clip') return tf.clipByValue(tangent, -1, 1);
  const scale = how === 'rms' ? Math.sqrt(tangent.shape[0] / tangent.size) : 1;
  return tf.div(tangent, tf.add(tf.mul(imageNorm(tangent), scale), c));
}

function requireOptions(
  where: string,
  {
    tangentWarmupSteps,
    ...positive
  }: Readonly<Record<'pStd' | 'sigmaMin' | 'sigmaMax' | 'tangentWarmupSteps' | 'tangentC', number>>,
): void {
  for (const [name, value] of Object.entries(positive)) {
    if (!(value > 0 && value < Infinity)) throw new RangeError(`${where}: ${name} must be > 0, got ${value}.`);
  }
  if (positive.sigmaMax <= positive.sigmaMin) {
    throw new RangeError(`${where}: sigmaMax must be > sigmaMin = ${positive.sigmaMin}, got ${positive.sigmaMax}.`);
  }
  if (!Number.isSafeInteger(tangentWarmupSteps) || tangentWarmupSteps < 0) {
    throw new RangeError(`${where}: tangentWarmupSteps must be an integer >= 0, got ${tangentWarmupSteps}.`);
  }
}
