import { edmPreconditioning, preconditioningFromConfig, type Preconditioning } from '@onestep/core';
import { networkFromConfig } from '@onestep/models';
import { OnestepError } from '@onestep/tensor';
import { objectiveFromRecipe, type Recipe, type TeacherModel } from '@onestep/training';
import { loadModel } from '@onestep/training/node';

/** A teacher and where it came from. */
export interface Teacher {
  readonly path: string;
  readonly model: TeacherModel & { readonly preconditioning: Preconditioning };
}

/** Where the student becomes the teacher, the first one must be weights of the student's own network. */
export function teacherFor(recipe: Recipe, { params, preconditioning, network }: Teacher['model']): TeacherModel {
  const inStages = objectiveFromRecipe(recipe).needs.teacher === 'stages';
  return inStages ? { params, preconditioning } : { params, preconditioning, network };
}

/**
 * Loads a diffusion model to distil or to tune.
 *
 * @param path - a model file
 * @throws OnestepError `invalid-model` if it is not a denoiser
 */
export async function loadTeacher(path: string): Promise<Teacher> {
  const { model, params } = await loadModel(path);
  if (model.kind !== 'denoiser') {
    throw new OnestepError(
      'invalid-model',
      `${path} is a ${model.kind} model, a teacher must be a denoiser (methods edm, pd and reflow make one).`,
    );
  }
  const preconditioning =
    model.preconditioning === undefined ? edmPreconditioning() : preconditioningFromConfig(model.preconditioning);
  return { path, model: { params, network: networkFromConfig(model.network), preconditioning } };
}
