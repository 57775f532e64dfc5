import { tf, type Tensor1D } from '@onestep/tensor';
import { requireAtLeast } from '../internal/arguments';
import { edmPreconditioning, type EdmPreconditioningOptions } from './edm';
import { noiseEmbedding } from './noise-embedding';
import type { Coefficients, Preconditioning } from './preconditioning';

/**
 * Consistency trajectory models: EDM's coefficients inside, and outside a mix with the identity,
 * G(x, sigma, s) = (s / sigma) x + (1 - s / sigma) g(x, sigma, s), g = cSkip x + cOut F(cIn x, cNoise(sigma), cNoise(s)).
 *
 * As a denoiser it is g(x, sigma, sigma).
 *
 * @param options - `sigmaData`, `sigmaMin`, `sigmaMax`, `cNoise`; an s below sigmaMin enters the network as sigmaMin
 * @returns coefficients of the denoiser, and of the jump under `jump`
 * @throws {@link RangeError} if a bound is violated
 * @see Kim et al. 2023, "Consistency trajectory models", Eq. 9
 */
export function ctmPreconditioning(options: EdmPreconditioningOptions = {}): Preconditioning {
  const where = 'ctmPreconditioning';
  const { cNoise = 'edm' } = options;
  const inner = edmPreconditioning(options);
  const embedding = noiseEmbedding(where, cNoise);
  const { sigmaMin } = inner;
  return {
    ...inner,
    name: 'ctm',
    at(sigma): Required<Coefficients<number>> {
      const coefficients = inner.at(sigma);
      return { ...coefficients, cNoise2: coefficients.cNoise };
    },
    tensors(sigma): Required<Coefficients<Tensor1D>> {
      const coefficients = inner.tensors(sigma);
      return { ...coefficients, cNoise2: coefficients.cNoise };
    },
    jump: {
      at(sigma, s) {
        requireAtLeast(`${where}.jump.at`, 's', s, 0);
        const { cSkip, cOut, cIn, cNoise: first } = inner.at(sigma);
        const kept = s / sigma;
        return {
          cSkip: kept + (1 - kept) * cSkip,
          cOut: (1 - kept) * cOut,
          cIn,
          cNoise: first,
          cNoise2: embedding.at(Math.max(s, sigmaMin)),
        };
      },
      tensors(sigma, s) {
        return tf.tidy(() => {
          const { cSkip, cOut, cIn, cNoise: first } = inner.tensors(sigma);
          const kept = tf.div<Tensor1D>(s, sigma);
          const moved = tf.sub<Tensor1D>(1, kept);
          // relu, since maximum with a scalar has no gradient.
          const clipped = tf.add<Tensor1D>(s, tf.relu(tf.sub<Tensor1D>(sigmaMin, s)));
          return {
            cSkip: tf.add<Tensor1D>(kept, tf.mul(moved, cSkip)),
            cOut: tf.mul<Tensor1D>(moved, cOut),
            cIn,
            cNoise: first,
            cNoise2: embedding.tensors(clipped),
          };
        });
      },
    },
  };
}
