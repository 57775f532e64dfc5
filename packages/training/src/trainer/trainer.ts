import { edmPreconditioning, preconditioned, type Denoiser, type Network } from '@onestep/core';
import { eagerRunner, OnestepError, paramNames, type Params, type StepRunner } from '@onestep/tensor';
import { describeModel } from '../model-file/model-description';
import { modelKindOf, objectiveFromRecipe, preconditioningFromRecipe } from '../objectives/from-recipe';
import type { Objective } from '../objectives/objective';
import { optimizerFromRecipe } from '../optimizers/from-recipe';
import type { Recipe } from '../recipes/schema';
import { makeTrainStep } from '../step/train-step';
import { checkParams } from './check-params';
import { checkGroups, groupNames, initialGroups, initialWeights } from './initial-groups';
import { emptyWindow } from './log-window';
import { runSteps, type RunPosition } from './run-steps';
import type { StepSource } from './step-draws';
import type { TeacherModel, Trainer, TrainerOptions } from './trainer-options';
import type { HostParams, TrainingState } from './training-state';

/**
 * Makes a trainer: one loop for every objective, described by a recipe.
 *
 * @param options - recipe, network and batches; for distillation a teacher; to go on, a state to resume from
 * @returns a trainer at step 0, or at the step of `resume`; the caller disposes it
 * @throws {@link OnestepError} `invalid-recipe` if the recipe asks for what is not there (a teacher, dropout sites,
 * initial weights, a state of another kind), `invalid-model` if weights do not fit the network
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { recipe, network, teacher, resume } = options;
  const objective = options.objective ?? objectiveFromRecipe(recipe);
  const preconditioning = options.preconditioning ?? preconditioningFromRecipe(recipe);
  const optimizer = optimizerFromRecipe(recipe.optimizer);
  const emas = recipe.ema;
  const emaNames = emas.map((ema) => ema.name);
  checkNeeds(options, objective);
  const seed = resume?.seed ?? recipe.seed;
  if (resume !== undefined) {
    checkGroups(resume.groups, groupNames(objective, optimizer, emaNames), network.paramShapes);
  }
  const state = resume?.groups ?? initialGroups(await startWeights(options), { objective, optimizer, emaNames });

  const step = makeTrainStep({
    objective,
    network,
    preconditioning,
    optimizer,
    emaNames,
    clipNorm: recipe.optimizer.clipNorm,
    teacher: teacher && teacherDenoiser(teacher, options),
  });
  const makeRunner = options.runnerFactory ?? eagerRunner;
  const runner: StepRunner = await makeRunner({
    step,
    state,
    ...(teacher !== undefined && objective.needs.teacher !== 'none' ? { frozen: { teacher: teacher.params } } : {}),
  });

  const source: StepSource = {
    objective,
    optimizer,
    emas,
    network,
    batchSize: recipe.batchSize,
    seed,
    dropout: dropoutRate(recipe, network),
    schedule: recipe.optimizer,
  };
  const model = describeModel(modelKindOf(recipe), {
    network,
    preconditioning,
    sigmaMin: recipe.sigma.min,
    sigmaMax: recipe.sigma.max,
    labelNames: options.labelNames,
  });
  const position: RunPosition = {
    step: resume?.step ?? 0,
    imagesSeen: resume?.imagesSeen ?? 0,
    sinceLog: resume?.sinceLog ?? emptyWindow,
  };
  const readState = async (): Promise<TrainingState> => {
    const { step: stepsDone, imagesSeen, sinceLog } = position;
    const progress = { step: stepsDone, totalSteps: recipe.steps, imagesSeen };
    const groups = await runner.readState();
    return { step: stepsDone, imagesSeen, seed, groups, curriculum: objective.curriculum(progress), sinceLog, model };
  };

  return {
    description: runner.description,
    get step() {
      return position.step;
    },
    run: (hooks = {}) =>
      runSteps({
        runner,
        source,
        recipe,
        batches: options.batches,
        names: paramNames(network.paramShapes),
        position,
        readState,
        hooks,
      }),
    readState,
    dispose: () => runner.dispose(),
  };
}

function checkNeeds({ recipe, network, teacher, resume }: TrainerOptions, objective: Objective): void {
  if (objective.needs.teacher !== 'none' && teacher === undefined) {
    throw new OnestepError('invalid-recipe', `createTrainer: method "${objective.name}" needs a teacher, got none.`);
  }
  const rate = recipe.dropout ?? 0;
  if (rate > 0 && Object.keys(network.dropoutSites(recipe.batchSize)).length === 0) {
    throw new OnestepError(
      'invalid-recipe',
      `createTrainer: dropout is ${rate}, but network "${network.name}" was built without. Set its config's dropout too.`,
    );
  }
  if (resume !== undefined && resume.seed !== recipe.seed) {
    throw new OnestepError(
      'invalid-recipe',
      `createTrainer: the checkpoint was made with seed ${resume.seed}, the recipe says ${recipe.seed}.`,
    );
  }
}

function teacherDenoiser(teacher: TeacherModel, { recipe, network }: TrainerOptions): (params: Params) => Denoiser {
  if (teacher.denoiser !== undefined) return teacher.denoiser;
  const own = teacher.preconditioning ?? edmPreconditioning({ sigmaData: recipe.preconditioning.sigmaData });
  return preconditioned(teacher.network ?? network, own);
}

/** Of the recipe, else the rate the network was built with. */
function dropoutRate(recipe: Recipe, network: Network): number {
  const { dropout } = (network.config ?? {}) as { readonly dropout?: unknown };
  return recipe.dropout ?? (typeof dropout === 'number' ? dropout : 0);
}

async function startWeights({ recipe, network, teacher, initial }: TrainerOptions): Promise<HostParams> {
  const weights = initial ?? (await weightsFrom(recipe.init.from, { network, teacher, seed: recipe.seed }));
  checkParams('createTrainer: initial weights', weights, network.paramShapes);
  return weights;
}

function weightsFrom(
  from: string,
  { network, teacher, seed }: { network: TrainerOptions['network']; teacher: TeacherModel | undefined; seed: number },
): HostParams | Promise<HostParams> {
  if (from === 'random') return initialWeights(network, seed);
  if (from === 'teacher' && teacher !== undefined) return teacher.params;
  const what = from === 'teacher' ? 'a teacher, got none' : `the weights of ${JSON.stringify(from)} as "initial"`;
  throw new OnestepError('invalid-recipe', `createTrainer: init.from is ${JSON.stringify(from)} and needs ${what}.`);
}
