import { edmPreconditioning, preconditioned, type Denoiser } from '@onestep/core';
import type { Params } from '@onestep/tensor';
import { objectiveFromRecipe, preconditioningFromRecipe } from '../objectives/from-recipe';
import { optimizerFromRecipe } from '../optimizers/from-recipe';
import type { TrainStepOptions } from '../step/train-step-options';
import type { TeacherModel, TrainerOptions } from './trainer-options';
import { watchSettings } from './watch/watch-settings';

/** What decides how a trainer's step computes. */
export type StepDecisions = Pick<
  TrainerOptions,
  'recipe' | 'network' | 'teacher' | 'distance' | 'objective' | 'preconditioning'
>;

/**
 * What the step of a trainer is made from: for another thread, say, that computes a part of it with `makeStepParts`.
 *
 * @param options - as for `createTrainer`; of a teacher only what its weights compute with, not the weights
 */
export function trainStepOptions(options: StepDecisions): TrainStepOptions {
  const { recipe, network, teacher } = options;
  const objective = options.objective ?? objectiveFromRecipe(recipe, { distance: options.distance });
  const frozen = objective.needs.teacher !== 'stages' && teacher !== undefined;
  return {
    objective,
    network,
    preconditioning: options.preconditioning ?? preconditioningFromRecipe(recipe),
    optimizer: optimizerFromRecipe(recipe.optimizer),
    emaNames: recipe.ema.map((ema) => ema.name),
    clipNorm: recipe.optimizer.clipNorm,
    teacher: frozen ? teacherDenoiser(teacher, options) : undefined,
    guidance: recipe.teacher?.guidance !== undefined,
    accumulation: recipe.accumulation,
    recompute: recipe.recompute,
    limits: watchSettings(recipe).policy === 'skip',
  };
}

function teacherDenoiser(teacher: TeacherModel, { recipe, network }: StepDecisions): (params: Params) => Denoiser {
  if (teacher.denoiser !== undefined) return teacher.denoiser;
  const { sigmaData, cNoise } = recipe.preconditioning;
  const own = teacher.preconditioning ?? edmPreconditioning({ sigmaData, cNoise });
  const { augmentChannels = 0 } = teacher.network ?? network;
  const denoiser = preconditioned(teacher.network ?? network, own);
  return augmentChannels > 0 ? denoiser : (params) => withoutAugment(denoiser(params));
}

/** A denoiser that takes an augmented image for one of the data's: it was trained without, or with all of them alike. */
function withoutAugment(denoiser: Denoiser): Denoiser {
  return (x, sigma, condition) => denoiser(x, sigma, condition && { ...condition, augment: undefined });
}
