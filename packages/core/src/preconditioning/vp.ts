import { tf, type Tensor1D } from '@onestep/tensor';
import { requireAtLeast, requireInteger, requirePositive } from '../internal/arguments';
import { vpSchedule, vpTime, type VpOptions } from '../schedules/noise-schedule';
import type { Preconditioning } from './preconditioning';

/** Options of {@link vpPreconditioning}. */
export interface VpPreconditioningOptions extends VpOptions {
  /** Number of timesteps M the network was trained on, integer >= 2; default 1000. */
  readonly numTimesteps?: number;
  /** Smallest time, in (0, 1); default 1e-5. */
  readonly tMin?: number;
}

/**
 * Preconditioning of networks that predict the noise of the variance-preserving process (DDPM++).
 *
 * cSkip = 1, cOut = -sigma, cIn = 1 / sqrt(sigma^2 + 1), cNoise = (M - 1) t(sigma)
 *
 * @param options - `betaD`, `betaMin`, `numTimesteps`, `tMin`
 * @returns the coefficients, range sigma(tMin) to sigma(1)
 * @throws {@link RangeError} if a bound is violated
 * @remarks For old checkpoints. t(sigma) is formed without the cancellation of the textbook difference, so float32 agrees
 *   with double precision at small sigma, where the released code is off by a percent.
 * @see Karras et al. 2022, Table 1
 */
export function vpPreconditioning({
  betaD = 19.9,
  betaMin = 0.1,
  numTimesteps = 1000,
  tMin = 1e-5,
}: VpPreconditioningOptions = {}): Preconditioning {
  const where = 'vpPreconditioning';
  requireAtLeast(where, 'betaMin', betaMin, 0);
  const law = vpSchedule({ betaD, betaMin });
  requireInteger(where, 'numTimesteps', numTimesteps, 2);
  requirePositive(where, 'tMin', tMin);
  if (tMin >= 1) throw new RangeError(`${where}: tMin must be < 1, got ${tMin}.`);
  return {
    name: 'vp',
    config: { betaD, betaMin, numTimesteps, tMin },
    sigmaMin: law.sigma(tMin),
    sigmaMax: law.sigma(1),
    at(sigma) {
      requireAtLeast(`${where}.at`, 'sigma', sigma, 0);
      return {
        cSkip: 1,
        cOut: -sigma,
        cIn: 1 / Math.sqrt(sigma ** 2 + 1),
        cNoise: (numTimesteps - 1) * vpTime(sigma, betaD, betaMin),
      };
    },
    tensors(sigma) {
      return tf.tidy(() => {
        const y: Tensor1D = tf.mul(tf.log1p(tf.square(sigma)), 2);
        const root = tf.sqrt(tf.add(tf.mul(y, betaD), betaMin ** 2));
        return {
          cSkip: tf.onesLike(sigma),
          cOut: tf.neg(sigma),
          cIn: tf.div<Tensor1D>(1, tf.sqrt(tf.add(tf.square(sigma), 1))),
          cNoise: tf.mul<Tensor1D>(tf.div(y, tf.add(root, betaMin)), numTimesteps - 1),
        };
      });
    },
  };
}
