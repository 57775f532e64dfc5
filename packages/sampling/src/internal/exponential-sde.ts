import type { Model, SampleOptions, Sampler } from '../sampler';
import { checkSigmas } from './check-sigmas';
import { dataWeights, stepLength, stepRatios, type ExponentialWeightsOptions } from './exponential-weights';
import { walk } from './walk';

/** Options of the multistep SDE samplers. */
export interface DpmSdeOptions {
  /** Share of the diffusion SDE's noise, >= 0: 0 follows the PF ODE, 1 (default) the SDE. */
  readonly eta?: number | undefined;
  /** Std of the added noise relative to what the level asks for, >= 0, default 1. */
  readonly sNoise?: number | undefined;
}

/** Multistep DPM-Solver++ on the diffusion SDE, over as many estimates as `memory` keeps and this step's. */
export async function exponentialSde<X>(
  sampler: Pick<Sampler, 'name' | 'drawsPerStep'> & { readonly memory: number } & ExponentialWeightsOptions,
  model: Model<X>,
  start: X,
  { eta = 1, sNoise = 1, ...options }: SampleOptions<X> & DpmSdeOptions,
): Promise<X> {
  checkSigmas(sampler.name, options.sigmas, 2, true);
  for (const [name, value] of Object.entries({ eta, sNoise })) {
    if (!(value >= 0 && value < Infinity)) {
      throw new RangeError(`${sampler.name}: ${name} must be finite and >= 0, got ${value}.`);
    }
  }
  return walk(sampler, model, start, options, async (step) => {
    const { x, sigma, sigmaNext, space, past, remember, draw } = step;
    const denoised = await step.denoise(x, sigma);
    if (sigmaNext === 0) return denoised;
    remember(denoised);
    const h = stepLength(sigma, sigmaNext);
    const ratios = stepRatios([sigma, ...past.map((earlier) => earlier.sigma)], sigmaNext);
    const weights = dataWeights(h * (1 + eta), ratios, sampler);
    const outputs = [denoised, ...past.map(({ value }) => value)];
    const moved = space.combine(
      [Math.exp(-h * (1 + eta)), x],
      ...outputs.map((output, k) => [weights[k], output] as const),
    );
    const added = sigmaNext * Math.sqrt(-Math.expm1(-2 * eta * h)) * sNoise;
    return added === 0 ? moved : space.combine([1, moved], [added, draw()]);
  });
}
