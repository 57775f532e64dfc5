import { l2Distance, type Distance } from '@onestep/core';
import { tf, type Tensor1D } from '@onestep/tensor';
import { perImageTensor } from './image-draws';
import { requirePairs, type Objective } from './objective';

/** Options of {@link kdObjective}. */
export interface KdObjectiveOptions {
  /** Default: mean squared difference. */
  readonly distance?: Distance | undefined;
  /** The level the noise of the pairs is scaled to, > 0; default 80. It must be the one the teacher started from. */
  readonly sigmaMax?: number | undefined;
}

/**
 * Knowledge distillation: the student maps the noise a teacher's sampler started from to the image it arrived at, in one
 * call: d(f(sigmaMax n, sigmaMax), image).
 *
 * Draws: `sigma [B]`, sigmaMax for every image. Batches hold the pairs; no teacher runs.
 *
 * @throws RangeError if sigmaMax is not > 0; TypeError from `loss`, if a batch has no `pairNoise`
 * @remarks The original uses a VP teacher with DDIM and a fixed time input; this is the EDM setting of the
 *   consistency-model papers. L1 is what it used on CIFAR-10.
 * @see Luhman & Luhman 2021, "Knowledge distillation in iterative generative models"
 */
export function kdObjective({ distance = l2Distance, sigmaMax = 80 }: KdObjectiveOptions = {}): Objective {
  if (!(sigmaMax > 0 && sigmaMax < Infinity)) {
    throw new RangeError(`kdObjective: sigmaMax must be > 0, got ${sigmaMax}.`);
  }
  return {
    name: 'kd',
    needs: { teacher: 'none', target: 'none', pairs: true },
    curriculum: () => ({}),
    draws: ({ batchSize }) => ({ sigma: perImageTensor(new Float64Array(batchSize).fill(sigmaMax)) }),
    targets: () => ({}),
    loss(student, batch) {
      const start = tf.mul(requirePairs('kdObjective', batch), sigmaMax);
      return distance(student.denoise(start, batch.draws.sigma as Tensor1D, batch.condition), batch.images);
    },
  };
}
