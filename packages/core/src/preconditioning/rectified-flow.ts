import { tf, type Tensor1D } from '@onestep/tensor';
import { requireAtLeast, requirePositive, requireSigmaRange } from '../internal/arguments';
import type { Preconditioning } from './preconditioning';

/** Options of {@link rectifiedFlowPreconditioning}. */
export interface RectifiedFlowPreconditioningOptions {
  /** Factor on t at the network's time input, > 0; default 999. */
  readonly timeScale?: number;
  /** Smallest noise level, > 0; default 0.002. */
  readonly sigmaMin?: number;
  /** Largest noise level, > sigmaMin; default 999, which is t = 0.001. */
  readonly sigmaMax?: number;
}

/**
 * Rectified flow in the coordinates of sigma. Its time t runs from noise (0) to data (1), X_t = t data + (1 - t) noise;
 * so sigma = (1 - t) / t, X_t = t x, and with the network's velocity v = F(X_t, timeScale t): D = X_t + (1 - t) v.
 *
 * cSkip = cIn = 1 / (1 + sigma), cOut = sigma / (1 + sigma), cNoise = timeScale / (1 + sigma)
 *
 * @param options - `timeScale`; `sigmaMin` and `sigmaMax` only state the range
 * @returns the coefficients; `at` and `tensors` accept any sigma >= 0
 * @throws {@link RangeError} if a bound is violated
 * @see Liu et al. 2022, "Flow straight and fast"
 */
export function rectifiedFlowPreconditioning({
  timeScale = 999,
  sigmaMin = 0.002,
  sigmaMax = 999,
}: RectifiedFlowPreconditioningOptions = {}): Preconditioning {
  const where = 'rectifiedFlowPreconditioning';
  requirePositive(where, 'timeScale', timeScale);
  requireSigmaRange(where, sigmaMin, sigmaMax);
  return {
    name: 'rectified-flow',
    config: { timeScale, sigmaMin, sigmaMax },
    sigmaMin,
    sigmaMax,
    at(sigma) {
      requireAtLeast(`${where}.at`, 'sigma', sigma, 0);
      const t = 1 / (1 + sigma);
      return { cSkip: t, cOut: sigma * t, cIn: t, cNoise: timeScale * t };
    },
    tensors(sigma) {
      return tf.tidy(() => {
        const t = tf.div<Tensor1D>(1, tf.add(sigma, 1));
        return { cSkip: t, cOut: tf.mul<Tensor1D>(sigma, t), cIn: t, cNoise: tf.mul<Tensor1D>(t, timeScale) };
      });
    },
  };
}
