import { tf, type Tensor1D } from '@onestep/tensor';
import { requireAtLeast, requirePositive, requireSigmaRange } from '../internal/arguments';
import { noiseEmbedding, type NoiseEmbedding } from './noise-embedding';
import type { Preconditioning } from './preconditioning';

/** Options of {@link edmPreconditioning} and {@link consistencyPreconditioning}. */
export interface EdmPreconditioningOptions {
  /** Std of the data, > 0; default 0.5. */
  readonly sigmaData?: number;
  /** Smallest noise level, > 0; default 0.002. */
  readonly sigmaMin?: number;
  /** Largest noise level, > sigmaMin; default 80. */
  readonly sigmaMax?: number;
  /** Noise embedding the weights were trained with; default `edm`. */
  readonly cNoise?: NoiseEmbedding;
}

/**
 * Preconditioning of Karras et al.: input and target of the network have unit variance at every sigma.
 *
 * cSkip = sigmaData^2 / (sigma^2 + sigmaData^2), cOut = sigma sigmaData / sqrt(sigma^2 + sigmaData^2),
 * cIn = 1 / sqrt(sigma^2 + sigmaData^2), cNoise = ln(sigma) / 4
 *
 * @param options - `sigmaData`, `cNoise`; `sigmaMin` and `sigmaMax` only state the range and clip nothing
 * @returns the coefficients; `at` and `tensors` accept any sigma >= 0 (at 0, cNoise of the `edm` convention is -infinity)
 * @throws {@link RangeError} if a bound is violated
 * @remarks Easy consistency tuning trains with this form, D(x, 0) = x, and evaluates with
 *   {@link consistencyPreconditioning}, sigmaMin 0.002 or 0.003.
 * @see Karras et al. 2022, Table 1
 */
export function edmPreconditioning({
  sigmaData = 0.5,
  sigmaMin = 0.002,
  sigmaMax = 80,
  cNoise = 'edm',
}: EdmPreconditioningOptions = {}): Preconditioning {
  const where = 'edmPreconditioning';
  requirePositive(where, 'sigmaData', sigmaData);
  requireSigmaRange(where, sigmaMin, sigmaMax);
  const embedding = noiseEmbedding(where, cNoise);
  const dataVariance = sigmaData ** 2;
  return {
    name: 'edm',
    config: { sigmaData, sigmaMin, sigmaMax, cNoise },
    sigmaMin,
    sigmaMax,
    at(sigma) {
      requireAtLeast(`${where}.at`, 'sigma', sigma, 0);
      const variance = sigma ** 2 + dataVariance;
      return {
        cSkip: dataVariance / variance,
        cOut: (sigma * sigmaData) / Math.sqrt(variance),
        cIn: 1 / Math.sqrt(variance),
        cNoise: embedding.at(sigma),
      };
    },
    tensors(sigma) {
      return tf.tidy(() => {
        const variance = tf.add<Tensor1D>(tf.square(sigma), dataVariance);
        const std = tf.sqrt(variance);
        return {
          cSkip: tf.div<Tensor1D>(dataVariance, variance),
          cOut: tf.div<Tensor1D>(tf.mul(sigma, sigmaData), std),
          cIn: tf.div<Tensor1D>(1, std),
          cNoise: embedding.tensors(sigma),
        };
      });
    },
  };
}
