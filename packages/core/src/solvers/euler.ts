import { tf, type Tensor, type Tensor1D } from '@onestep/tensor';
import type { Condition, Denoiser } from '../denoiser';
import { requireAtLeast, requirePositive } from '../internal/arguments';
import type { ScalarDenoiser } from '../ode/pf-ode';
import { perImage } from '../per-image';
import type { VectorSpace } from '../vector-space';
import type { Solver } from './solver';

/**
 * Euler step of the PF ODE, which is also a deterministic DDIM step: x' = r x + (1 - r) D(x, sigma), r = sigmaNext / sigma.
 *
 * @param space - arithmetic on X
 * @param denoise - D; one call
 * @param x - point, at noise level sigma
 * @param sigma - > 0
 * @param sigmaNext - >= 0; larger than sigma integrates towards noise
 * @returns the point at sigmaNext, exactly D for sigmaNext = 0; the caller disposes it
 * @throws {@link RangeError} if a bound is violated
 * @remarks Equal to x + (sigmaNext - sigma) dx/dsigma; this form loses no digits to cancellation when r is small.
 * @see Karras et al. 2022, Algorithm 1 without lines 6-8; Song et al. 2020 (DDIM)
 */
export function eulerStep<X>(
  space: VectorSpace<X>,
  denoise: ScalarDenoiser<X>,
  x: X,
  sigma: number,
  sigmaNext: number,
): X {
  requirePositive('eulerStep', 'sigma', sigma);
  requireAtLeast('eulerStep', 'sigmaNext', sigmaNext, 0);
  const ratio = sigmaNext / sigma;
  return space.scope(() => space.combine([ratio, x], [1 - ratio, denoise(x, sigma)]));
}

/**
 * {@link eulerStep} with noise levels of its own for every image.
 *
 * @param denoiser - D; one call
 * @param x - `[B, ...]`
 * @param sigma - `[B]`, > 0
 * @param sigmaNext - `[B]`, >= 0
 * @param condition - handed to the denoiser
 * @returns `[B, ...]`; the caller disposes it
 * @see Song et al. 2023, Algorithm 2
 */
export function eulerStepPerImage(
  denoiser: Denoiser,
  x: Tensor,
  sigma: Tensor1D,
  sigmaNext: Tensor1D,
  condition?: Condition,
): Tensor {
  return tf.tidy(() => eulerPoint(x, denoiser(x, sigma, condition), sigma, sigmaNext));
}

/** r x + (1 - r) D, image by image. */
export function eulerPoint(x: Tensor, denoised: Tensor, sigma: Tensor1D, sigmaNext: Tensor1D): Tensor {
  const kept = perImage(tf.div(sigmaNext, sigma), x);
  const moved = perImage(tf.div(tf.sub(sigma, sigmaNext), sigma), x);
  return tf.add(tf.mul(x, kept), tf.mul(denoised, moved));
}

/** Euler's method as a {@link Solver}. */
export const eulerSolver: Solver = {
  name: 'euler',
  order: 1,
  nfe: 1,
  step: eulerStep,
  stepPerImage: eulerStepPerImage,
};
