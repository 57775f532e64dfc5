import { tf, type Tensor, type Tensor1D } from '@onestep/tensor';
import type { Condition, Denoiser } from '../denoiser';
import { requireAtLeast, requirePositive } from '../internal/arguments';
import type { ScalarDenoiser } from '../ode/pf-ode';
import { perImage } from '../per-image';
import type { VectorSpace } from '../vector-space';
import { eulerPoint } from './euler';
import type { Solver } from './solver';

/**
 * Heun step of the PF ODE: the mean of the slopes at both ends of an Euler step.
 *
 * With r = sigmaNext / sigma, D = D(x, sigma), u = r x + (1 - r) D and D' = D(u, sigmaNext):
 * x' = r x + (1 - r) ((1 - 1/(2r)) D + 1/(2r) D')
 *
 * @param space - arithmetic on X
 * @param denoise - D; two calls, one if sigmaNext = 0
 * @param x - point, at noise level sigma
 * @param sigma - > 0
 * @param sigmaNext - >= 0; at 0 the step is Euler's, since the slope there is not defined
 * @returns the point at sigmaNext; the caller disposes it
 * @throws {@link RangeError} if a bound is violated
 * @remarks Equal to x + h (d + d') / 2 of the papers, gathered by D and D' so that no large terms cancel in float32.
 * @see Karras et al. 2022, Algorithm 1; Song et al. 2023, Algorithm 2
 */
export function heunStep<X>(
  space: VectorSpace<X>,
  denoise: ScalarDenoiser<X>,
  x: X,
  sigma: number,
  sigmaNext: number,
): X {
  requirePositive('heunStep', 'sigma', sigma);
  requireAtLeast('heunStep', 'sigmaNext', sigmaNext, 0);
  const ratio = sigmaNext / sigma;
  return space.scope(() => {
    const denoised = denoise(x, sigma);
    const euler = space.combine([ratio, x], [1 - ratio, denoised]);
    if (sigmaNext === 0) return euler;
    const second = denoise(euler, sigmaNext);
    const weight = (1 - ratio) / (2 * ratio);
    return space.combine([ratio, x], [1 - ratio - weight, denoised], [weight, second]);
  });
}

/**
 * {@link heunStep} with noise levels of its own for every image.
 *
 * @param denoiser - D; two calls
 * @param x - `[B, ...]`
 * @param sigma - `[B]`, > 0
 * @param sigmaNext - `[B]`, > 0 for every image: a value cannot be branched on
 * @param condition - handed to the denoiser
 * @returns `[B, ...]`; the caller disposes it
 * @see Song et al. 2023, Algorithm 2
 */
export function heunStepPerImage(
  denoiser: Denoiser,
  x: Tensor,
  sigma: Tensor1D,
  sigmaNext: Tensor1D,
  condition?: Condition,
): Tensor {
  return tf.tidy(() => {
    const denoised = denoiser(x, sigma, condition);
    const euler = eulerPoint(x, denoised, sigma, sigmaNext);
    const second = denoiser(euler, sigmaNext, condition);
    const weight = tf.div<Tensor1D>(tf.sub(sigma, sigmaNext), tf.mul(sigmaNext, 2));
    return tf.add(euler, tf.mul(tf.sub(second, denoised), perImage(weight, x)));
  });
}

/** Heun's method as a {@link Solver}. */
export const heunSolver: Solver = {
  name: 'heun',
  order: 2,
  nfe: 2,
  step: heunStep,
  stepPerImage: heunStepPerImage,
};
