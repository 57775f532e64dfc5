import { karrasSigmas } from '@onestep/core';
import type { Recipe } from '../recipes/schema';
import type { FixedSampling } from './model-description';

/**
 * How the weights of a recipe must be sampled, for methods that train at a few noise levels alone: `kd` at sigmaMax, `pd` at
 * the N intervals of its current stage, the distillation of `reflow` at its k times.
 *
 * @param recipe - of the run
 * @param stage - the stage that the weights come from, from 0; only `pd` has several
 * @returns undefined for every other method
 */
export function fixedSampling(recipe: Recipe, stage: number): FixedSampling | undefined {
  const { min: sigmaMin, max: sigmaMax, rho } = recipe.sigma;
  switch (recipe.method) {
    case 'kd':
      return { sampler: 'one-step', sigmas: [sigmaMax] };
    case 'pd':
      return {
        sampler: 'euler',
        sigmas: karrasSigmas(recipe.objective.startScales / 2 ** stage + 1, { sigmaMin, sigmaMax, rho }),
      };
    case 'reflow': {
      const { phase, tMin, distillSteps } = recipe.objective;
      if (phase !== 'distill') return undefined;
      const sigmas = Array.from({ length: distillSteps }, (_, i) => {
        const t = tMin + ((1 - tMin) * i) / distillSteps;
        return (1 - t) / t;
      });
      return distillSteps === 1 ? { sampler: 'one-step', sigmas } : { sampler: 'euler', sigmas: [...sigmas, 0] };
    }
    default:
      return undefined;
  }
}
