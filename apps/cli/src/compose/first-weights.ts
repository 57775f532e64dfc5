import { preconditioningFromRecipe, type HostParams, type Recipe } from '@onestep/training';
import { loadModel } from '@onestep/training/node';
import type { Output } from '../output/output';

/** Preconditionings under which the same weights mean the same function, up to the boundary at sigmaMin. */
const alike: readonly string[] = ['edm', 'consistency', 'ctm'];

/** Where a run's first weights come from, beside the recipe. */
export interface FirstWeightsOptions {
  /** Name of the teacher's preconditioning, where there is a teacher. */
  readonly teacher?: string | undefined;
  readonly output: Output;
}

/**
 * Weights that a recipe starts from by path; warns where they, or the teacher's it starts from, were trained under another
 * preconditioning than the recipe's.
 *
 * @returns undefined where the recipe starts at random or from the teacher
 */
export async function firstWeights(
  recipe: Recipe,
  { teacher, output }: FirstWeightsOptions,
): Promise<HostParams | undefined> {
  const { from } = recipe.init;
  if (from === 'random') return undefined;
  const given = from === 'teacher' ? undefined : await loadModel(from);
  const theirs = given?.model.preconditioning.name ?? teacher;
  const own = preconditioningFromRecipe(recipe).name;
  if (theirs !== undefined && theirs !== own && !(alike.includes(theirs) && alike.includes(own))) {
    output.warn(
      `The weights to begin with were trained under the preconditioning "${theirs}", this run uses "${own}", where they ` +
        'compute something else. Begin with weights of the same kind, or expect the start to be as slow as from random ones.',
    );
  }
  return given?.params;
}
