import { checkSigmas } from '../internal/check-sigmas';
import { eulerMove } from '../internal/euler-move';
import { walk } from '../internal/walk';
import type { Model, SampleOptions } from '../sampler';

/**
 * Finds the noise of an image: solves the PF ODE upwards with Heun's steps, from the smallest level to the largest.
 *
 * Sampling the result with a deterministic sampler over the same levels gives the image back, up to the solver's error.
 * NFE: 2 (levels - 1).
 *
 * @param denoiser - D(x, sigma); a consistency function knows ends of paths, not their slopes, and cannot be inverted so
 * @param x - the image, taken as a point at the smallest level; stays the caller's
 * @param options - `sigmas`, strictly decreasing and > 0, gone through from the last to the first
 * @returns a new vector at level `sigmas[0]`
 * @see Song et al. 2021 (score SDE), section 4.3; Karras et al. 2022, Algorithm 1, in reverse
 */
export async function invert<X>(
  denoiser: Model<X>,
  x: X,
  { sigmas, ...options }: Pick<SampleOptions<X>, 'space' | 'sigmas' | 'onStep'>,
): Promise<X> {
  checkSigmas('invert', sigmas, 2, false);
  const upwards = { ...options, sigmas: [...sigmas].reverse() };
  return walk({ name: 'invert' }, denoiser, x, upwards, async ({ x: point, sigma, sigmaNext, space, denoise }) => {
    const first = await denoise(point, sigma);
    const second = await denoise(eulerMove(space, point, first, sigma, sigmaNext), sigmaNext);
    const ratio = sigmaNext / sigma;
    const weight = (1 - ratio) / (2 * ratio);
    return space.combine([ratio, point], [1 - ratio - weight, first], [weight, second]);
  });
}
