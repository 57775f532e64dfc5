import type { Model, SampleOptions, Sampler } from '../sampler';
import { checkChoice } from './check-choice';
import { checkInteger } from './check-integer';
import { checkSigmas } from './check-sigmas';
import {
  dataWeights,
  noiseWeights,
  stepLength,
  stepRatios,
  type Curvature,
  type SecondOrder,
} from './exponential-weights';
import { slope } from './linear-multistep';
import { stepOrder } from './step-order';
import { walk } from './walk';

/** Options of the multistep DPM-Solvers. */
export interface DpmMultistepOptions {
  /** Outputs that a step combines, integer in [1, 3], default 3. */
  readonly order?: number | undefined;
  /** Whether the last steps lower their order, down to 1, which steadies runs of few steps. Default true. */
  readonly lowerOrderFinal?: boolean | undefined;
  /** Second-difference term of order 3: as `released` everywhere (default, of order 2 in truth) or `exact`. */
  readonly curvature?: Curvature | undefined;
  /** Second-order term: DPM-Solver's midpoint form (default) or the exact integral of the line through both estimates. */
  readonly solverType?: SecondOrder | undefined;
}

/** Multistep DPM-Solver over the estimates of the image (`data`) or of the noise (`noise`). */
export async function exponentialMultistep<X>(
  sampler: Pick<Sampler, 'name' | 'drawsPerStep'>,
  predict: 'data' | 'noise',
  model: Model<X>,
  start: X,
  { solverType = 'midpoint', ...given }: SampleOptions<X> & DpmMultistepOptions,
): Promise<X> {
  const { order = 3, lowerOrderFinal = true, curvature = 'released', ...options } = given;
  checkSigmas(sampler.name, options.sigmas, 2, true);
  checkInteger(sampler.name, 'order', order, 1, 3);
  checkChoice(sampler.name, 'curvature', curvature, ['released', 'exact']);
  checkChoice(sampler.name, 'solverType', solverType, ['midpoint', 'heun']);
  const closed = { curvature, second: solverType };
  const numSteps = options.sigmas.length - 1;
  return walk({ ...sampler, memory: order - 1 }, model, start, options, async (step) => {
    const { index, x, sigma, sigmaNext, space, past, remember } = step;
    const denoised = await step.denoise(x, sigma);
    // Every rule of order 1 ends there, and ln 0 must not be formed.
    if (sigmaNext === 0) return denoised;
    const newest = predict === 'data' ? denoised : slope(space, x, denoised, sigma);
    remember(newest);
    const used = past.slice(0, stepOrder(index, numSteps, order, lowerOrderFinal) - 1);
    const ratios = stepRatios([sigma, ...used.map((earlier) => earlier.sigma)], sigmaNext);
    const h = stepLength(sigma, sigmaNext);
    const [kept, weights] =
      predict === 'data'
        ? [sigmaNext / sigma, dataWeights(h, ratios, closed)]
        : [1, noiseWeights(h, ratios, closed).map((weight) => -sigmaNext * weight)];
    const outputs = [newest, ...used.map(({ value }) => value)];
    return space.combine([kept, x], ...outputs.map((output, k) => [weights[k], output] as const));
  });
}
