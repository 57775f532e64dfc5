// Objectives
export type {
  DrawRequest,
  Model,
  Objective,
  ObjectiveBatch,
  ObjectiveModels,
  Progress,
  Stage,
} from './objectives/objective';
export { edmObjective, type EdmObjectiveOptions } from './objectives/edm';
export { cdObjective, type CdObjectiveOptions } from './objectives/cd';
export { ctObjective, type CtObjectiveOptions } from './objectives/ct';
export { ectObjective, type EctObjectiveOptions } from './objectives/ect';
export { drawDropout, drawNoise } from './objectives/image-draws';
export { objectiveFromRecipe, preconditioningFromRecipe } from './objectives/from-recipe';

// Optimizers and averages
export type { AdamOptions, HostGroups, Optimizer, OptimizerState } from './optimizers/optimizer';
export { adam, adamw, type AdamVariantOptions } from './optimizers/adam';
export { radam, radamRectification, type RadamOptions } from './optimizers/radam';
export { optimizerFromRecipe } from './optimizers/from-recipe';
export { emaDecay, updateEma, type EmaRule, type EmaSpec } from './ema/ema';

// The step
export { makeTrainStep, type TrainStepOptions } from './step/train-step';
export { modelOf } from './step/model';
export { packInputs, type StepInputs } from './step/step-inputs';

// Recipes
export { recipeSchema, type Recipe, type RecipeInput, type RecipeOf } from './recipes/schema';
export { methodNames, type MethodName } from './recipes/objective-schemas';
export { parseRecipe, type RecipeProblem } from './recipes/parse-recipe';
export { recipeByName, recipeNames } from './recipes/presets/registry';

// The trainer
export { createTrainer } from './trainer/trainer';
export type {
  BatchSource,
  SampleRequest,
  TeacherModel,
  Trainer,
  TrainerHooks,
  TrainerOptions,
  TrainingResult,
} from './trainer/trainer-options';
export type { HostBatch } from './trainer/step-draws';
export type { HostParams, LogEntry, LogWindow, TrainingState } from './trainer/training-state';
export { learningRateAt, type LearningRateSchedule } from './trainer/learning-rate';

// Models and states as bytes; folders and files are under `@onestep/training/node`
export { describeModel, type ModelDescription } from './model-file/model-description';
export { decodeModel, encodeModel, type ModelFile } from './model-file/model-file';
export { filesToState, stateToFiles } from './checkpoints/state-files';
