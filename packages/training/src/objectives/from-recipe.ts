import {
  distanceFromName,
  namedDistance,
  preconditioningFromConfig,
  type Distance,
  type Preconditioning,
  type PreconditioningName,
} from '@onestep/core';
import { OnestepError } from '@onestep/tensor';
import type { z } from 'zod';
import type { ModelDescription } from '../model-file/model-description';
import type { lpipsDistanceSchema, MethodName } from '../recipes/objective-schemas';
import { optimizerFromRecipe } from '../optimizers/from-recipe';
import type { Recipe, RecipeOf } from '../recipes/schema';
import { cdObjective } from './cd';
import { ctObjective } from './ct';
import { ctmObjective } from './ctm';
import type { CtmAdversarialOptions } from './ctm-adversarial';
import { ectObjective } from './ect';
import { edmObjective } from './edm';
import { ictObjective } from './ict';
import { kdObjective } from './kd';
import { meanflowObjective } from './meanflow';
import type { Objective } from './objective';
import { pdObjective } from './pd';
import { reflowObjective } from './reflow';
import { scdObjective } from './scd';
import { sctObjective } from './sct';

/** What is said where LPIPS is asked for and nobody has made it. */
export const missingLpipsProblem =
  'LPIPS has weights that the trainer does not load. Pass distance: lpipsDistance(model) of @onestep/metrics.';

/** LPIPS as a recipe describes it. */
export type LpipsDistanceOptions = z.output<typeof lpipsDistanceSchema>;

/** What a recipe's objective takes from outside. */
export interface ObjectiveParts {
  /** The distance in feature space that the recipe describes; see {@link lpipsOfRecipe}. */
  readonly distance?: Distance | undefined;
}

/** LPIPS, if that is what the recipe compares images with: its weights are not this package's to load. */
export function lpipsOfRecipe({ objective }: Recipe): LpipsDistanceOptions | undefined {
  return 'distance' in objective && typeof objective.distance === 'object' ? objective.distance : undefined;
}

/**
 * The objective a recipe names, with the recipe's options.
 *
 * @param parts - `distance`, where the recipe names LPIPS; without it the objective says what it needs but cannot be run
 */
export function objectiveFromRecipe(recipe: Recipe, { distance: given }: ObjectiveParts = {}): Objective {
  const recipeDistance = (options: DistanceChoice): Distance => distanceOf(options, given);
  const shared = {
    sigmaMin: recipe.sigma.min,
    sigmaMax: recipe.sigma.max,
    rho: recipe.sigma.rho,
    sigmaData: recipe.preconditioning.sigmaData,
  };
  switch (recipe.method) {
    case 'edm':
      return edmObjective({ ...shared, ...recipe.objective });
    case 'cd':
      return cdObjective({ ...shared, ...recipe.objective, distance: recipeDistance(recipe.objective) });
    case 'ct':
      return ctObjective({ ...shared, ...recipe.objective, distance: recipeDistance(recipe.objective) });
    case 'ect':
      return ectObjective({ ...shared, ...recipe.objective });
    case 'ict':
      return ictObjective({ ...shared, ...recipe.objective });
    case 'scd':
      return scdObjective({ ...shared, ...recipe.objective });
    case 'sct':
      return sctObjective({ ...shared, ...recipe.objective });
    case 'ctm':
      return ctmObjective({
        ...shared,
        ...recipe.objective,
        distance: recipeDistance(recipe.objective),
        adversarial: recipeAdversarial(recipe.objective.adversarial),
      });
    case 'pd':
      return pdObjective({ ...shared, ...recipe.objective, distance: recipeDistance(recipe.objective) });
    case 'kd':
      return kdObjective({ sigmaMax: recipe.sigma.max, distance: recipeDistance(recipe.objective) });
    case 'reflow':
      return reflowObjective({ ...recipe.objective, distance: recipeDistance(recipe.objective) });
    case 'meanflow':
      return meanflowObjective(recipe.objective);
  }
}

/** The preconditioning of each method, unless the recipe names another. */
const ownPreconditioning: Readonly<Record<MethodName, PreconditioningName>> = {
  edm: 'edm',
  cd: 'consistency',
  ct: 'consistency',
  ict: 'consistency',
  ect: 'edm',
  scd: 'trigflow',
  sct: 'trigflow',
  ctm: 'ctm',
  pd: 'edm',
  kd: 'edm',
  reflow: 'rectified-flow',
  meanflow: 'meanflow',
};

/**
 * The preconditioning a recipe trains with: as named, or the method's own. Consistency functions have their boundary at
 * sigma.min.
 */
export function preconditioningFromRecipe({ method, preconditioning, sigma }: Recipe): Preconditioning {
  const name = preconditioning.name ?? ownPreconditioning[method];
  const range = { sigmaMin: sigma.min, sigmaMax: sigma.max };
  const { sigmaData, cNoise } = preconditioning;
  const config = {
    edm: { ...range, sigmaData, cNoise },
    consistency: { ...range, sigmaData, cNoise },
    ctm: { ...range, sigmaData, cNoise },
    trigflow: { ...range, sigmaData },
    'rectified-flow': range,
    meanflow: range,
  }[name as NonNullable<typeof preconditioning.name>];
  return preconditioningFromConfig({ name, config });
}

/** What the weights of a recipe compute under its preconditioning. */
export function modelKindOf(recipe: Recipe): ModelDescription['kind'] {
  switch (recipe.method) {
    case 'edm':
    case 'pd':
      return 'denoiser';
    case 'reflow':
      return recipe.objective.phase === 'distill' && recipe.objective.distillSteps === 1 ? 'consistency' : 'denoiser';
    case 'ctm':
    case 'meanflow':
      return 'jump';
    default:
      return 'consistency';
  }
}

function recipeAdversarial(options: RecipeOf<'ctm'>['objective']['adversarial']): CtmAdversarialOptions | undefined {
  if (options === undefined) return undefined;
  const { optimizer, ...rest } = options;
  return { ...rest, optimizer: optimizerFromRecipe(optimizer), learningRate: optimizer.learningRate };
}

/** What the objectives with a distance say of it. */
interface DistanceChoice {
  readonly distance: string | LpipsDistanceOptions;
  readonly huberC: number;
}

function distanceOf({ distance, huberC }: DistanceChoice, given: Distance | undefined): Distance {
  if (typeof distance === 'string') return distanceFromName(distance, { c: huberC });
  return given ?? namedDistance(`lpips-${distance.net}`, missingLpips);
}

function missingLpips(): never {
  throw new OnestepError('invalid-recipe', `objective.distance: ${missingLpipsProblem}`);
}
