import type { Network } from '@onestep/core';
import { eagerRunner, paramNames, type StepRunner } from '@onestep/tensor';
import { fixedSampling } from '../model-file/fixed-sampling';
import { describeModel } from '../model-file/model-description';
import { modelKindOf } from '../objectives/from-recipe';
import type { HostGroups } from '../optimizers/optimizer';
import type { Recipe } from '../recipes/schema';
import { makeStepParts, makeTrainStep } from '../step/train-step';
import { checkNeeds } from './check-needs';
import { checkGroups, groupShapes, initialGroups, trainedShapes } from './initial-groups';
import { positionFields, positionOf } from './run-position';
import { runSteps } from './run-steps';
import { trainStepOptions } from './step-options';
import { startWeights } from './start-weights';
import type { StepSource } from './step-draws';
import type { Trainer, TrainerOptions } from './trainer-options';
import type { TrainingState } from './training-state';
import { watchSettings } from './watch/watch-settings';

/**
 * Makes a trainer: one loop for every objective, described by a recipe.
 *
 * @param options - recipe, network and batches; for distillation a teacher; to go on, a state to resume from
 * @returns a trainer at step 0, or at the step of `resume`; the caller disposes it
 * @throws {@link OnestepError} `invalid-recipe` if the recipe asks for what is not there (a teacher, dropout sites,
 * initial weights, a state of another kind), `invalid-model` if weights do not fit the network
 * @throws {@link RangeError} if the run has too few steps for the stages of its method
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { recipe, network, teacher, resume } = options;
  const stepOptions = trainStepOptions(options);
  const { objective, preconditioning, optimizer, emaNames = [] } = stepOptions;
  const plan = { objective, optimizer, emaNames };
  checkNeeds(options, objective, preconditioning);
  // A run too short for its stages is refused before anything is made.
  objective.stage?.({ step: 0, totalSteps: recipe.steps, imagesSeen: 0 });
  if (resume !== undefined) checkGroups(resume.groups, groupShapes(network, plan));
  const stages = objective.needs.teacher === 'stages';
  const start = resume === undefined ? await startWeights(options, { stages }) : undefined;
  const watch = watchSettings(recipe);
  const guidance = recipe.teacher?.guidance;

  const makeRunner = options.runnerFactory ?? eagerRunner;
  const runner: StepRunner = await makeRunner({
    step: makeTrainStep(stepOptions),
    parts: makeStepParts(stepOptions),
    state: start === undefined ? (resume?.groups ?? {}) : initialGroups(start, network, { ...plan, seed: recipe.seed }),
    ...(teacher !== undefined && objective.needs.teacher === 'frozen' ? { frozen: { teacher: teacher.params } } : {}),
  });

  const seed = recipe.seed;
  const source: StepSource = {
    objective,
    optimizer,
    emas: recipe.ema,
    network,
    batchSize: recipe.batchSize,
    seed,
    dropout: dropoutRate(recipe, network),
    labelDropout: recipe.labelDropout,
    guidance,
    schedule: recipe.optimizer,
  };
  const model = describeModel(modelKindOf(recipe), {
    network,
    preconditioning,
    sigmaMin: recipe.sigma.min,
    sigmaMax: recipe.sigma.max,
    labelNames: options.labelNames,
  });
  const position = positionOf(resume);
  const stateOf = (groups: HostGroups): TrainingState => {
    const progress = { step: position.step, totalSteps: recipe.steps, imagesSeen: position.imagesSeen };
    const sampling = fixedSampling(recipe, position.stage);
    const described = sampling === undefined ? model : { ...model, sampling };
    return { ...positionFields(position), seed, groups, curriculum: objective.curriculum(progress), model: described };
  };
  const names = paramNames(trainedShapes(network, objective));

  return {
    description: runner.description,
    get step() {
      return position.step;
    },
    freshParams: start?.fresh ?? [],
    run: (hooks = {}) =>
      runSteps({ runner, source, recipe, watch, batches: options.batches, names, position, stateOf, hooks }),
    readState: async () => stateOf(await runner.readState()),
    dispose: () => runner.dispose(),
  };
}

/** Of the recipe, else the rate the network was built with. */
function dropoutRate(recipe: Recipe, network: Network): number {
  const { dropout } = (network.config ?? {}) as { readonly dropout?: unknown };
  return recipe.dropout ?? (typeof dropout === 'number' ? dropout : 0);
}
