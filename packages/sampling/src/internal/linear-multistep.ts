import type { VectorSpace } from '@onestep/core';
import type { Model, SampleOptions, Sampler } from '../sampler';
import { walk } from './walk';

/**
 * Walks by x' = x + sum_j c_j d_(i-j) over the slopes d = (x - D) / sigma of this step and the last ones.
 *
 * @param points - slopes that are combined at most; the first steps have fewer
 * @param weights - c_j of step `index`, newest first, for the `points` slopes there are
 */
export async function linearMultistep<X>(
  sampler: Pick<Sampler, 'name' | 'drawsPerStep'>,
  model: Model<X>,
  start: X,
  options: SampleOptions<X>,
  {
    points,
    weights,
  }: { readonly points: number; readonly weights: (index: number, points: number) => readonly number[] },
): Promise<X> {
  return walk({ ...sampler, memory: points - 1 }, model, start, options, async (step) => {
    const { index, x, sigma, space, past, remember } = step;
    const newest = slope(space, x, await step.denoise(x, sigma), sigma);
    remember(newest);
    const slopes = [newest, ...past.map(({ value }) => value)];
    const c = weights(index, slopes.length);
    return space.combine([1, x], ...slopes.map((d, j) => [c[j], d] as const));
  });
}

/** dx/dsigma of the PF ODE. */
export function slope<X>(space: VectorSpace<X>, x: X, denoised: X, sigma: number): X {
  return space.combine([1 / sigma, x], [-1 / sigma, denoised]);
}
