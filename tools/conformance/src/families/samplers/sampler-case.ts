import { appendZero, karrasSigmas } from '@onestep/core';
import type { Model, SampleOptions, Sampler } from '@onestep/sampling';
import { Entry } from '../../golden-json';

/** One golden run, ready to be made in any vector space. */
export interface SamplerCase {
  /** Starts from `z0` times this level; otherwise from `x_T`, the same rounded to float32. */
  readonly startLevel?: number | undefined;
  /** Whether the reference thresholds every estimate dynamically. */
  readonly thresholded?: boolean | undefined;
  /** Where the reference evaluates the denoiser, as it is, once more on the result. */
  readonly denoisedAt?: number | undefined;
  sample<X>(model: Model<X>, x: X, options: Omit<SampleOptions<X>, 'sigmas'>): Promise<X>;
}

/** How the runs of one golden name are made. */
export type SamplerCases = Readonly<Record<string, (entry: Entry, file: Entry) => SamplerCase>>;

/** A sampler on a list of levels. */
export function onGrid<Options>(sampler: Sampler<Options>, sigmas: readonly number[], own: Options): SamplerCase {
  return { sample: (model, x, options) => sampler.sample(model, x, { ...own, ...options, sigmas }) };
}

/** A run over levels that starts as EDM's own code does, which multiplies the latents in double precision. */
export function unrounded<Options>(
  sampler: Sampler<Options>,
  sigmas: readonly number[],
  own: Options,
): SamplerCase & { readonly startLevel: number } {
  return { ...onGrid(sampler, sigmas, own), startLevel: sigmas[0] };
}

/** The Karras grid of a case, then 0. */
export function toZero(entry: Entry, file: Entry): number[] {
  return appendZero(karrasSigmas(entry.number('n'), gridOptions(entry, file)));
}

/** The ends and the exponent of a case's grid: its own where it has some, otherwise the file's. */
export function gridOptions(entry: Entry, file: Entry): { sigmaMin: number; sigmaMax: number; rho: number } {
  const read = (key: string): number =>
    ([paramsOf(entry), entry, file].find((place) => place.has(key)) ?? file).number(key);
  return { sigmaMin: read('sigma_min'), sigmaMax: read('sigma_max'), rho: read('rho') };
}

/** The parameters of a case, or none. */
export function paramsOf(entry: Entry): Entry {
  return entry.has('params') ? entry.entry('params') : new Entry({});
}

/** Churn under the names of k-diffusion (`s_tmin`) or EDM (`S_min`). */
export function churnOptions(entry: Entry, prefix: 's_' | 'S_'): Record<'sChurn' | 'sMin' | 'sMax' | 'sNoise', number> {
  const params = paramsOf(entry);
  const [low, high] = prefix === 's_' ? ['s_tmin', 's_tmax'] : ['S_min', 'S_max'];
  return {
    sChurn: params.numberOr(`${prefix}churn`, 0),
    sMin: params.numberOr(low, 0),
    sMax: params.numberOr(high, Infinity),
    sNoise: params.numberOr(`${prefix}noise`, 1),
  };
}

/** Ancestral options under the names of k-diffusion; its ODE solvers have 0 for the share of noise. */
export function ancestralOptions(entry: Entry, eta = 1): { eta: number; sNoise: number } {
  const params = paramsOf(entry);
  return { eta: params.numberOr('eta', eta), sNoise: params.numberOr('s_noise', 1) };
}
