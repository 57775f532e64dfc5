// Objectives
export type {
  Adversary,
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
export { ictObjective, type IctObjectiveOptions } from './objectives/ict';
export { scdObjective } from './objectives/scd';
export { sctObjective } from './objectives/sct';
export type { ScmObjectiveOptions } from './objectives/scm';
export { harmonicLogWeight, type LogWeight } from './objectives/log-weight';
export { meanflowObjective, type MeanflowObjectiveOptions } from './objectives/meanflow';
export { ctmObjective, type CtmObjectiveOptions } from './objectives/ctm';
export type { CtmAdversarialOptions } from './objectives/ctm-adversarial';
export { pdObjective, type PdObjectiveOptions } from './objectives/pd';
export { kdObjective, type KdObjectiveOptions } from './objectives/kd';
export { reflowObjective, type ReflowObjectiveOptions } from './objectives/reflow';
export { drawDropout, drawNoise } from './objectives/image-draws';
export {
  lpipsOfRecipe,
  objectiveFromRecipe,
  preconditioningFromRecipe,
  type LpipsDistanceOptions,
  type ObjectiveParts,
} from './objectives/from-recipe';

// Optimizers and averages
export type { AdamOptions, HostGroups, Optimizer, OptimizerState } from './optimizers/optimizer';
export { adam, adamw, type AdamVariantOptions } from './optimizers/adam';
export { radam, radamRectification, type RadamOptions } from './optimizers/radam';
export { optimizerFromRecipe } from './optimizers/from-recipe';
export { emaDecay, updateEma, type EmaRule, type EmaSpec, type PowerRule } from './ema/ema';
export { maxRelativeStd, powerExponent, powerRelativeStd } from './ema/power';
export {
  postHocEma,
  postHocWeights,
  type EmaSnapshot,
  type PostHocEma,
  type PostHocFit,
  type PowerProfile,
} from './ema/post-hoc';

// The step
export { makeStepParts, makeTrainStep } from './step/train-step';
export type { TrainStepOptions } from './step/train-step-options';
export { modelOf } from './step/model';
export { packInputs, type StepInputs } from './step/step-inputs';

// Recipes
export { recipeSchema, type Recipe, type RecipeInput, type RecipeOf } from './recipes/schema';
export { methodNames, type MethodName } from './recipes/objective-schemas';
export { parseRecipe, type RecipeProblem } from './recipes/parse-recipe';
export { recipeByName, recipeInfo, recipeNames, type RecipeInfo } from './recipes/presets/registry';
export { recipeSizes, type RecipeNotes, type RecipeSize } from './recipes/presets/preset';

// The trainer
export { createTrainer } from './trainer/trainer';
export { trainStepOptions, type StepDecisions } from './trainer/step-options';
export type {
  BatchSource,
  SampleRequest,
  TeacherModel,
  Trainer,
  TrainerHooks,
  TrainerOptions,
  TrainingResult,
} from './trainer/trainer-options';
export type { HostBatch } from './trainer/host-batch';
export type { HostParams, LogEntry, LogWindow, Snapshot, TrainingState } from './trainer/training-state';
export { learningRateAt, type LearningRateDecay, type LearningRateSchedule } from './trainer/learning-rate';
export { sampleSpread, type SampleStats } from './trainer/watch/sample-spread';
export type { WatchEvent } from './trainer/watch/watch-event';
export type { EvaluationEntry, EvaluationState } from './trainer/evaluation';
export type { WatchState } from './trainer/watch/watch-state';

// Models and states as bytes; folders and files are under `@onestep/training/node`
export { describeModel, type FixedSampling, type ModelDescription } from './model-file/model-description';
export { decodeModel, encodeModel, type ModelFile } from './model-file/model-file';
export { filesToState, stateToFiles } from './checkpoints/state-files';
