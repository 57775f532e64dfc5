import { tf, type Tensor1D } from '@onestep/tensor';
import { requireAtLeast, requirePositive, requireSigmaRange } from '../internal/arguments';
import type { Preconditioning } from './preconditioning';

/** Options of {@link trigflowPreconditioning}. */
export interface TrigflowPreconditioningOptions {
  /** Std of the data, > 0; default 0.5. */
  readonly sigmaData?: number;
  /** Smallest noise level, > 0; default 0.002. */
  readonly sigmaMin?: number;
  /** Largest noise level, > sigmaMin; default 80. */
  readonly sigmaMax?: number;
}

/**
 * TrigFlow in the coordinates of sigma: with t = arctan(sigma / sigmaData) and x_t = cos(t) x,
 * D = cos(t) x_t - sin(t) sigmaData F(x_t / sigmaData, t).
 *
 * cSkip = sigmaData^2 / (sigma^2 + sigmaData^2), cOut = -sigma sigmaData / sqrt(sigma^2 + sigmaData^2),
 * cIn = 1 / sqrt(sigma^2 + sigmaData^2), cNoise = t
 *
 * @param options - `sigmaData`; `sigmaMin` and `sigmaMax` only state the range
 * @returns the coefficients; `at` and `tensors` accept any sigma >= 0, and D(x, 0) = x
 * @throws {@link RangeError} if a bound is violated
 * @remarks The same formulas as EDM's but for the sign of F and the noise embedding, which here stays smooth in t: the
 *   time derivative of ln(tan t) has no bound at either end.
 * @see Lu and Song 2024, section 3
 */
export function trigflowPreconditioning({
  sigmaData = 0.5,
  sigmaMin = 0.002,
  sigmaMax = 80,
}: TrigflowPreconditioningOptions = {}): Preconditioning {
  const where = 'trigflowPreconditioning';
  requirePositive(where, 'sigmaData', sigmaData);
  requireSigmaRange(where, sigmaMin, sigmaMax);
  return {
    name: 'trigflow',
    config: { sigmaData, sigmaMin, sigmaMax },
    sigmaMin,
    sigmaMax,
    at(sigma) {
      requireAtLeast(`${where}.at`, 'sigma', sigma, 0);
      const variance = sigma ** 2 + sigmaData ** 2;
      const std = Math.sqrt(variance);
      return {
        cSkip: sigmaData ** 2 / variance,
        cOut: -(sigma * sigmaData) / std,
        cIn: 1 / std,
        cNoise: Math.atan(sigma / sigmaData),
      };
    },
    tensors(sigma) {
      return tf.tidy(() => {
        const variance = tf.add<Tensor1D>(tf.square(sigma), sigmaData ** 2);
        const std = tf.sqrt(variance);
        return {
          cSkip: tf.div<Tensor1D>(sigmaData ** 2, variance),
          cOut: tf.div<Tensor1D>(tf.mul(sigma, -sigmaData), std),
          cIn: tf.div<Tensor1D>(1, std),
          cNoise: tf.atan<Tensor1D>(tf.div<Tensor1D>(sigma, sigmaData)),
        };
      });
    },
  };
}
