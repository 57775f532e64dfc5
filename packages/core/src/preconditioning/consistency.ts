import { tf, type Tensor1D } from '@onestep/tensor';
import { requireAtLeast, requirePositive, requireSigmaRange } from '../internal/arguments';
import type { EdmPreconditioningOptions } from './edm';
import { noiseEmbedding } from './noise-embedding';
import type { Preconditioning } from './preconditioning';

/**
 * Preconditioning of consistency models: the boundary condition f(x, sigmaMin) = x holds exactly, whatever the network.
 *
 * cSkip = sigmaData^2 / ((sigma - sigmaMin)^2 + sigmaData^2), cOut = sigmaData (sigma - sigmaMin) / sqrt(sigma^2 + sigmaData^2),
 * cIn = 1 / sqrt(sigma^2 + sigmaData^2), not shifted
 *
 * @param options - `sigmaData`, `sigmaMin`, `sigmaMax`, `cNoise`
 * @returns the coefficients; a sigma below sigmaMin counts as sigmaMin
 * @throws {@link RangeError} if a bound is violated
 * @remarks Below sigmaMin cOut would turn negative, and float32 rounds grid ends there: hence the clip. It is exact in
 *   float32 too, both cOut = 0 and cSkip = 1 at sigmaMin. NaN stays NaN.
 * @see Song et al. 2023, appendix C
 */
export function consistencyPreconditioning({
  sigmaData = 0.5,
  sigmaMin = 0.002,
  sigmaMax = 80,
  cNoise = 'edm',
}: EdmPreconditioningOptions = {}): Preconditioning {
  const where = 'consistencyPreconditioning';
  requirePositive(where, 'sigmaData', sigmaData);
  requireSigmaRange(where, sigmaMin, sigmaMax);
  const embedding = noiseEmbedding(where, cNoise);
  const dataVariance = sigmaData ** 2;
  return {
    name: 'consistency',
    config: { sigmaData, sigmaMin, sigmaMax, cNoise },
    sigmaMin,
    sigmaMax,
    at(sigma) {
      requireAtLeast(`${where}.at`, 'sigma', sigma, 0);
      const clipped = Math.max(sigma, sigmaMin);
      const gap = clipped - sigmaMin;
      const std = Math.sqrt(clipped ** 2 + dataVariance);
      return {
        cSkip: dataVariance / (gap ** 2 + dataVariance),
        cOut: (sigmaData * gap) / std,
        cIn: 1 / std,
        cNoise: embedding.at(clipped),
      };
    },
    tensors(sigma) {
      return tf.tidy(() => {
        // relu, since maximum with a scalar has no gradient; written as a sum so that NaN is not clipped away.
        const clipped = tf.add<Tensor1D>(sigma, tf.relu(tf.sub<Tensor1D>(sigmaMin, sigma)));
        const gap: Tensor1D = tf.relu(tf.sub<Tensor1D>(sigma, sigmaMin));
        const std = tf.sqrt<Tensor1D>(tf.add<Tensor1D>(tf.square(clipped), dataVariance));
        return {
          cSkip: tf.div<Tensor1D>(dataVariance, tf.add(tf.square(gap), dataVariance)),
          cOut: tf.div<Tensor1D>(tf.mul(gap, sigmaData), std),
          cIn: tf.div<Tensor1D>(1, std),
          cNoise: embedding.tensors(clipped),
        };
      });
    },
  };
}
