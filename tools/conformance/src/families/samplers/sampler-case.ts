import { appendZero, karrasSigmas } from '@onestep/core';
import type { Model, SampleOptions, Sampler } from '@onestep/sampling';
import { Entry } from '../../golden-json';
import { karrasOptions } from '../schedules/noise-grids';

/** One golden run, ready to be made in any vector space. */
export interface SamplerCase {
  /** Starts from `z0` times this level; otherwise from `x_T`, the same rounded to float32. */
  readonly startLevel?: number | undefined;
  /** Whether the reference thresholds every estimate dynamically. */
  readonly thresholded?: boolean | undefined;
  sample<X>(model: Model<X>, x: X, options: Omit<SampleOptions<X>, 'sigmas'>): Promise<X>;
}

/** How the runs of one golden name are made. */
export type SamplerCases = Readonly<Record<string, (entry: Entry, file: Entry) => SamplerCase>>;

/** A sampler on a list of levels. */
export function onGrid<Options>(sampler: Sampler<Options>, sigmas: readonly number[], own: Options): SamplerCase {
  return { sample: (model, x, options) => sampler.sample(model, x, { ...own, ...options, sigmas }) };
}

/** EDM's own code multiplies the latents in double precision. */
export function unrounded(file: Entry, run: SamplerCase): SamplerCase {
  return { ...run, startLevel: file.number('sigma_max') };
}

/** The Karras grid of a case, then 0. */
export function toZero(entry: Entry, file: Entry): number[] {
  return appendZero(karrasSigmas(entry.number('n'), karrasOptions(file)));
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

/** Ancestral options under the names of k-diffusion. */
export function ancestralOptions(entry: Entry): { eta: number; sNoise: number } {
  const params = paramsOf(entry);
  return { eta: params.numberOr('eta', 1), sNoise: params.numberOr('s_noise', 1) };
}
