import { tf, type Params, type Tensor, type Tensor1D } from '@onestep/tensor';
import type { Conditioning, Network } from './network';
import type { Preconditioning } from './preconditioning/preconditioning';
import { perImage } from './per-image';

/** What a model may be conditioned on beside the noise level. */
export type Condition = Omit<Conditioning, 'cNoise' | 'cNoise2'>;

/** D(x, sigma): estimate of the clean image. `x [B, ...]`, `sigma [B]`. */
export type Denoiser = (x: Tensor, sigma: Tensor1D, condition?: Condition) => Tensor;

/** f(x, sigma): maps any point of a trajectory to its origin, f(x, sigmaMin) = x. Same shapes as {@link Denoiser}. */
export type ConsistencyFunction = Denoiser;

/** CTM's G(x, sigma, s): from noise level sigma to any s <= sigma. */
export type JumpFunction = (x: Tensor, sigma: Tensor1D, s: Tensor1D, condition?: Condition) => Tensor;

/**
 * Wraps a raw network into a denoiser or consistency function (which of the two, the preconditioning decides):
 * D(x, sigma) = cSkip x + cOut F(cIn x, cNoise).
 *
 * @param network - the raw F
 * @param preconditioning - coefficients as functions of sigma
 * @returns for given weights, a pure function of tensors
 */
export function preconditioned(
  network: Pick<Network, 'apply'>,
  preconditioning: Preconditioning,
): (params: Params) => Denoiser {
  return (params) => (x, sigma, condition) =>
    tf.tidy(() => {
      const { cSkip, cOut, cIn, cNoise } = preconditioning.tensors(sigma);
      const output = network.apply(params, tf.mul(x, perImage(cIn, x)), { ...condition, cNoise });
      return tf.add(tf.mul(x, perImage(cSkip, x)), tf.mul(output, perImage(cOut, output)));
    });
}
