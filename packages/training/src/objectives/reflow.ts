import { l2Distance, perImage, type Distance } from '@onestep/core';
import { tf, type Tensor1D } from '@onestep/tensor';
import { drawNoise, drawPerImage, perImageTensor } from './image-draws';
import { requirePairs, type Model, type Objective } from './objective';

/** Options of {@link reflowObjective}. */
export interface ReflowObjectiveOptions {
  /** `flow` (default): any time; `distill`: only the times a sampler of `distillSteps` steps visits. */
  readonly phase?: 'flow' | 'distill' | undefined;
  /** `flow` on the batch's pairs (2-rectified flow and on) instead of independent noise; `distill` always uses them. */
  readonly pairs?: boolean | undefined;
  /** Smallest time, in (0, 1); default 0.001. */
  readonly tMin?: number | undefined;
  /** Steps k of the distilled sampler, integer >= 1; default 1. */
  readonly distillSteps?: number | undefined;
  /** Between noise + v and the image; default: mean squared difference. */
  readonly distance?: Distance | undefined;
}

/**
 * Rectified flow: the network's velocity along the straight line from noise (t = 0) to image (t = 1),
 * d(noise + v(X_t, t), image), X_t = t image + (1 - t) noise; for L2 this is the mean of (v - (image - noise))^2.
 *
 * flow: t uniform in [tMin, 1]. distill: t = tMin + (1 - tMin) i / k, i uniform in 0 .. k - 1.
 *
 * Draws: `t [B]`, and `noise [B, ...]` unless the batch brings its own.
 *
 * @throws RangeError if tMin or distillSteps is out of range; TypeError from `loss`, if the student's preconditioning is
 *   not `rectified-flow`, or the batch has no `pairNoise` where it should
 * @remarks Calls the raw network with its own time input timeScale t: in the coordinates of sigma the same loss would
 *   divide by 1 - t. The released code puts the times of a k-step distillation at tMin + (1 - tMin) i / k, where its
 *   Euler sampler has them; the paper says i / k.
 * @see Liu et al. 2022, "Flow straight and fast", Eq. 1 and Algorithm 1; gnobitab/RectifiedFlow, losses.py
 */
export function reflowObjective(options: ReflowObjectiveOptions = {}): Objective {
  const { phase = 'flow', tMin = 1e-3, distillSteps = 1, distance = l2Distance } = options;
  if (!(tMin > 0 && tMin < 1)) throw new RangeError(`reflowObjective: tMin must be in (0, 1), got ${tMin}.`);
  if (!Number.isSafeInteger(distillSteps) || distillSteps < 1) {
    throw new RangeError(`reflowObjective: distillSteps must be an integer >= 1, got ${distillSteps}.`);
  }
  const pairs = phase === 'distill' || (options.pairs ?? false);
  return {
    name: 'reflow',
    needs: { teacher: 'none', target: 'none', pairs },
    curriculum: () => ({}),
    draws(request) {
      const position = drawPerImage(request, 'train.time', (stream) =>
        phase === 'flow' ? stream.uniform(1)[0] : stream.integers(1, distillSteps)[0] / distillSteps,
      );
      const t = perImageTensor(position.map((share) => tMin + (1 - tMin) * share));
      return { t, ...(pairs ? {} : { noise: drawNoise(request) }) };
    },
    targets: () => ({}),
    loss(student, batch) {
      const t = batch.draws.t as Tensor1D;
      const noise = pairs ? requirePairs('reflowObjective', batch) : batch.draws.noise;
      const share = perImage(t, batch.images);
      const between = tf.add(tf.mul(batch.images, share), tf.mul(noise, tf.sub(1, share)));
      const cNoise = tf.mul<Tensor1D>(t, timeScaleOf(student));
      const velocity = student.network(between, { ...batch.condition, cNoise });
      return distance(tf.add(noise, velocity), batch.images);
    },
  };
}

function timeScaleOf({ preconditioning: { name, config } }: Model): number {
  if (name !== 'rectified-flow') {
    throw new TypeError(`reflowObjective: the student must have the rectified-flow preconditioning, got "${name}".`);
  }
  return Number(config.timeScale);
}
