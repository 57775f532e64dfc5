import { tf, type Tensor1D } from '@onestep/tensor';
import { requireAtLeast } from '../internal/arguments';
import { iddpmSigmas, type IddpmOptions } from '../schedules/iddpm';
import type { Preconditioning } from './preconditioning';

/**
 * Preconditioning of networks trained on the discrete chain of improved DDPM.
 *
 * cSkip = 1, cOut = -sigma, cIn = 1 / sqrt(sigma^2 + 1), cNoise = M - 1 - (index of the chain level nearest to sigma)
 *
 * @param options - `c1`, `c2`, `numTimesteps` as for {@link iddpmSigmas}
 * @returns the coefficients; range from the smallest positive to the largest level of the chain
 * @throws {@link RangeError} if a bound is violated
 * @remarks For old checkpoints. cNoise is a step function with zero gradient: choose sigmas from {@link iddpmSigmas}.
 * @see Karras et al. 2022, Table 1
 */
export function iddpmPreconditioning({
  c1 = 0.001,
  c2 = 0.008,
  numTimesteps = 1000,
}: IddpmOptions = {}): Preconditioning {
  const levels = iddpmSigmas({ c1, c2, numTimesteps });
  // The nearest level's index is the number of midpoints above sigma.
  const midpoints = levels.slice(1).map((level, j) => (level + levels[j]) / 2);
  return {
    name: 'iddpm',
    config: { c1, c2, numTimesteps },
    sigmaMin: levels[numTimesteps - 1],
    sigmaMax: levels[0],
    at(sigma) {
      requireAtLeast('iddpmPreconditioning.at', 'sigma', sigma, 0);
      const index = midpoints.filter((midpoint) => midpoint > sigma).length;
      return { cSkip: 1, cOut: -sigma, cIn: 1 / Math.sqrt(sigma ** 2 + 1), cNoise: numTimesteps - 1 - index };
    },
    tensors(sigma) {
      return tf.tidy(() => {
        const above = tf.step(tf.sub(tf.tensor2d(midpoints, [1, numTimesteps]), tf.reshape(sigma, [-1, 1])));
        return {
          cSkip: tf.onesLike(sigma),
          cOut: tf.neg(sigma),
          cIn: tf.div<Tensor1D>(1, tf.sqrt(tf.add(tf.square(sigma), 1))),
          cNoise: tf.sub<Tensor1D>(numTimesteps - 1, tf.sum(above, 1)),
        };
      });
    },
  };
}
