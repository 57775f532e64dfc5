import { perImage, type Condition } from '@onestep/core';
import { jvp, tf, type Tensor, type Tensor1D } from '@onestep/tensor';
import { squaredImageNorm } from '../internal/image-norm';
import { drawNoise, drawPerImage, perImageTensor } from './image-draws';
import type { Model, Objective, ObjectiveBatch } from './objective';

/** Options of {@link meanflowObjective}. */
export interface MeanflowObjectiveOptions {
  /** Mean and std of the normal law whose logistic gives the times; default -0.4 and 1. */
  readonly pMean?: number | undefined;
  readonly pStd?: number | undefined;
  /** Share of images whose two times differ, [0, 1]; default 0.25. */
  readonly jumpShare?: number | undefined;
  /** p, >= 0; default 1. 0 is the plain squared error. */
  readonly weightPower?: number | undefined;
  /** c, > 0; default 0.001. */
  readonly weightC?: number | undefined;
}

/**
 * MeanFlow: the network is the average velocity u between two times r <= tau of the straight path
 * z_tau = (1 - tau) x0 + tau n, trained from scratch on the identity that ties it to the velocity v = n - x0.
 *
 * |u(z_tau, r, tau) - sg(v - (tau - r) du/dtau)|^2 / (sg |the same|^2 + c)^p, du/dtau = JVP of u along (v, 0, 1) in (z, r, tau)
 *
 * Draws: `noise [B, ...]`, `sigma` (of tau: tau = sigma / (1 + sigma)), `sigmaNext` (of r; equal to sigma where there is
 * no jump) `[B]`. A logit-normal tau is a lognormal sigma.
 *
 * @param options - `pMean`, `pStd`, `jumpShare`, `weightPower`, `weightC`
 * @throws {@link RangeError} if an option is out of range; `targets` and `loss` throw {@link TypeError} if the student's
 *   preconditioning is not `meanflow`
 * @remarks With p = 1 the loss of an image is close to 1 whatever its error: judge a run by samples or by gradients. The
 *   network must take a second time (cNoise2, of r). Guidance inside the target, which the paper has as an option, is
 *   left out. Where r = tau the target is v: flow matching, from which the jumps grow.
 * @see Geng et al. 2025, "Mean flows for one-step generative modeling", Algorithm 1 and section 4.3
 */
export function meanflowObjective(options: MeanflowObjectiveOptions = {}): Objective {
  const { pMean = -0.4, pStd = 1, jumpShare = 0.25, weightPower = 1, weightC = 1e-3 } = options;
  requireOptions({ pMean, pStd, jumpShare, weightPower, weightC });
  return {
    name: 'meanflow',
    needs: { teacher: 'none', target: 'none', secondTime: true },
    curriculum: () => ({}),
    draws(request) {
      const first = drawPerImage(request, 'train.sigma', (stream) => Math.exp(pMean + pStd * stream.normal(1)[0]));
      const second = drawPerImage(request, 'train.sigma-next', (stream) =>
        Math.exp(pMean + pStd * stream.normal(1)[0]),
      );
      const jumps = drawPerImage(request, 'train.jump', (stream) => (stream.uniform(1)[0] < jumpShare ? 1 : 0));
      const sigma = first.map((level, i) => Math.max(level, second[i]));
      return {
        noise: drawNoise(request),
        sigma: perImageTensor(sigma),
        sigmaNext: perImageTensor(sigma.map((level, i) => (jumps[i] === 1 ? Math.min(first[i], second[i]) : level))),
      };
    },
    targets({ student }, batch) {
      const { z, times, gap, timeScale } = path(student, batch);
      const velocity = tf.sub(batch.draws.noise, batch.images);
      const { value, tangent } = jvp(
        (point, cNoise) =>
          average(student, point, { cNoise: cNoise as Tensor1D, cNoise2: times.cNoise2 }, batch.condition),
        [z, times.cNoise],
        [velocity, tf.fill(times.cNoise.shape, timeScale)],
        { outputShape: z.shape },
      );
      const target = tf.sub(velocity, tf.mul(tangent, perImage(gap, z)));
      const error = tf.reshape(squaredImageNorm(tf.sub(value, target)), [-1]);
      return { z, target, weight: tf.div(1, tf.pow(tf.add(error, weightC), weightPower)) };
    },
    loss(student, batch, { z, target, weight }) {
      const { times } = path(student, batch);
      const error = squaredImageNorm(tf.sub(average(student, z, times, batch.condition), target));
      return tf.mul<Tensor1D>(tf.reshape(error, [-1]), weight);
    },
  };
}

/** Both times as the network reads them. */
interface Times {
  readonly cNoise: Tensor1D;
  readonly cNoise2: Tensor1D;
}

/** u(z, r, tau). */
function average({ network }: Model, z: Tensor, times: Times, condition: Condition): Tensor {
  return network(z, { ...condition, ...times });
}

/** The point z_tau, both times, and tau - r `[B]` without the difference of two numbers near one. */
function path({ preconditioning }: Model, { images, draws }: ObjectiveBatch) {
  if (preconditioning.name !== 'meanflow' || preconditioning.jump === undefined) {
    throw new TypeError(
      `meanflowObjective: needs a student with preconditioning meanflow, got "${preconditioning.name}".`,
    );
  }
  const sigma = draws.sigma as Tensor1D;
  const sigmaNext = draws.sigmaNext as Tensor1D;
  const times: Times = preconditioning.jump.tensors(sigma, sigmaNext);
  const clean = tf.div<Tensor1D>(1, tf.add(sigma, 1));
  return {
    z: tf.add(
      tf.mul(images, perImage(clean, images)),
      tf.mul(draws.noise, perImage(tf.mul<Tensor1D>(sigma, clean), images)),
    ),
    times,
    gap: tf.div<Tensor1D>(tf.mul(tf.sub(sigma, sigmaNext), clean), tf.add(sigmaNext, 1)),
    timeScale: Number(preconditioning.config.timeScale),
  };
}

function requireOptions({
  pMean,
  jumpShare,
  weightPower,
  ...positive
}: Required<{ readonly [K in keyof MeanflowObjectiveOptions]: number }>): void {
  const where = 'meanflowObjective';
  for (const [name, value] of Object.entries(positive)) {
    if (!(value > 0 && value < Infinity)) throw new RangeError(`${where}: ${name} must be > 0, got ${value}.`);
  }
  if (!Number.isFinite(pMean)) throw new RangeError(`${where}: pMean must be a finite number, got ${pMean}.`);
  if (!(jumpShare >= 0 && jumpShare <= 1)) {
    throw new RangeError(`${where}: jumpShare must be in [0, 1], got ${jumpShare}.`);
  }
  if (!(weightPower >= 0 && weightPower < Infinity)) {
    throw new RangeError(`${where}: weightPower must be >= 0, got ${weightPower}.`);
  }
}
