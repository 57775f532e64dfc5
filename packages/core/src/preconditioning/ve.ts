import { tf, type Tensor1D } from '@onestep/tensor';
import { requireAtLeast, requireSigmaRange } from '../internal/arguments';
import type { SigmaRange } from '../schedules/karras';
import type { Preconditioning } from './preconditioning';

/**
 * Preconditioning of networks trained on the variance-exploding process (NCSN++).
 *
 * cSkip = 1, cOut = sigma, cIn = 1, cNoise = ln(sigma / 2)
 *
 * @param options - `sigmaMin`, default 0.02; `sigmaMax`, default 100
 * @returns the coefficients
 * @throws {@link RangeError} if a bound is violated
 * @remarks For old checkpoints.
 * @see Karras et al. 2022, Table 1
 */
export function vePreconditioning({ sigmaMin = 0.02, sigmaMax = 100 }: SigmaRange = {}): Preconditioning {
  requireSigmaRange('vePreconditioning', sigmaMin, sigmaMax);
  return {
    name: 've',
    config: { sigmaMin, sigmaMax },
    sigmaMin,
    sigmaMax,
    at(sigma) {
      requireAtLeast('vePreconditioning.at', 'sigma', sigma, 0);
      return { cSkip: 1, cOut: sigma, cIn: 1, cNoise: Math.log(0.5 * sigma) };
    },
    tensors(sigma) {
      return tf.tidy(() => ({
        cSkip: tf.onesLike(sigma),
        cOut: tf.clone(sigma),
        cIn: tf.onesLike(sigma),
        cNoise: tf.log(tf.mul<Tensor1D>(sigma, 0.5)),
      }));
    },
  };
}
