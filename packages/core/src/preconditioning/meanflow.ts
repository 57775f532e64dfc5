import { tf, type Tensor1D } from '@onestep/tensor';
import { requireAtLeast, requirePositive, requireSigmaRange } from '../internal/arguments';
import type { Coefficients, Preconditioning } from './preconditioning';

/** Options of {@link meanflowPreconditioning}. */
export interface MeanflowPreconditioningOptions {
  /** Factor on both times at the network's inputs, > 0; default 1. */
  readonly timeScale?: number;
  /** Smallest noise level, > 0; default 0.002. */
  readonly sigmaMin?: number;
  /** Largest noise level, > sigmaMin; default 80. */
  readonly sigmaMax?: number;
}

/**
 * MeanFlow in the coordinates of sigma. Its time runs from data (0) to noise (1): tau = sigma / (1 + sigma),
 * z = (1 - tau) x; the network is the average velocity u between two times, so that z_r = z_tau - (tau - r) u(z_tau, r, tau).
 *
 * G(x, sigma, s): cIn = 1 / (1 + sigma), cSkip = (1 + s) / (1 + sigma), cOut = -(1 + s) (tau(sigma) - tau(s)),
 * cNoise = timeScale tau(sigma), cNoise2 = timeScale tau(s). As a denoiser: u at equal times is the velocity, D = z - tau u.
 *
 * @param options - `timeScale`; `sigmaMin` and `sigmaMax` only state the range
 * @returns coefficients of the denoiser, and of the jump under `jump`
 * @throws {@link RangeError} if a bound is violated
 * @see Geng et al. 2025, "Mean flows for one-step generative modeling"
 */
export function meanflowPreconditioning({
  timeScale = 1,
  sigmaMin = 0.002,
  sigmaMax = 80,
}: MeanflowPreconditioningOptions = {}): Preconditioning {
  const where = 'meanflowPreconditioning';
  requirePositive(where, 'timeScale', timeScale);
  requireSigmaRange(where, sigmaMin, sigmaMax);
  return {
    name: 'meanflow',
    config: { timeScale, sigmaMin, sigmaMax },
    sigmaMin,
    sigmaMax,
    at(sigma): Required<Coefficients<number>> {
      requireAtLeast(`${where}.at`, 'sigma', sigma, 0);
      const data = 1 / (1 + sigma);
      const time = timeScale * sigma * data;
      return { cSkip: data, cOut: -sigma * data, cIn: data, cNoise: time, cNoise2: time };
    },
    tensors(sigma): Required<Coefficients<Tensor1D>> {
      return tf.tidy(() => {
        const data = tf.div<Tensor1D>(1, tf.add(sigma, 1));
        const tau = tf.mul<Tensor1D>(sigma, data);
        const time = tf.mul<Tensor1D>(tau, timeScale);
        return { cSkip: data, cOut: tf.neg<Tensor1D>(tau), cIn: data, cNoise: time, cNoise2: time };
      });
    },
    jump: {
      at(sigma, s) {
        requireAtLeast(`${where}.jump.at`, 'sigma', sigma, 0);
        requireAtLeast(`${where}.jump.at`, 's', s, 0);
        const data = 1 / (1 + sigma);
        // (1 + s) (tau(sigma) - tau(s)) without the difference of two numbers near one.
        return {
          // A quotient, not a product with `data`: exactly 1 at s = sigma.
          cSkip: (1 + s) / (1 + sigma),
          cOut: -(sigma - s) * data,
          cIn: data,
          cNoise: timeScale * sigma * data,
          cNoise2: (timeScale * s) / (1 + s),
        };
      },
      tensors(sigma, s) {
        return tf.tidy(() => {
          const data = tf.div<Tensor1D>(1, tf.add(sigma, 1));
          return {
            cSkip: tf.div<Tensor1D>(tf.add(s, 1), tf.add(sigma, 1)),
            cOut: tf.mul<Tensor1D>(tf.sub(s, sigma), data),
            cIn: data,
            cNoise: tf.mul<Tensor1D>(tf.mul(sigma, data), timeScale),
            cNoise2: tf.mul<Tensor1D>(tf.div(s, tf.add(s, 1)), timeScale),
          };
        });
      },
    },
  };
}
