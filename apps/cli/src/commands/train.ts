import { objectiveFromRecipe, type Recipe } from '@onestep/training';
import type { Command } from 'commander';
import { join } from 'node:path';
import { backendOption, noCompileOption, startEngine, type EngineFlags } from '../compose/engine';
import { isDatasetSpec } from '../compose/batches';
import { modelPath } from '../compose/find-model';
import { freeFolder } from '../compose/folders';
import { readRecipe, withFlags, type RecipeFlags } from '../compose/recipe-flags';
import { loadTeacher } from '../compose/teacher';
import { startRun } from '../compose/train-run';
import { workersOption } from '../compose/workers';
import { UsageError } from '../errors';
import { interruptible } from '../interrupt';
import { integerIn, numberIn, positiveNumber } from '../options';
import { createOutput } from '../output/output';
import { reportTraining } from '../output/training-report';

interface TrainFlags extends EngineFlags, RecipeFlags {
  readonly recipe?: string;
  readonly out?: string;
  readonly teacher?: string;
  readonly workers: number;
  readonly json: boolean;
}

/** `onestep train RECIPE`: one run of any method. */
export function addTrain(program: Command): void {
  program
    .command('train')
    .description('train a model by any method: a teacher, or a model that samples in one or a few steps')
    .argument('[recipe]', 'a JSON file, or a name that `onestep recipes` lists')
    .option('--recipe <recipe>', 'the same as the argument')
    .option('--out <folder>', 'run folder (default: runs/NAME, numbered if taken)')
    .option('--teacher <model>', 'a run or its weights, for methods that distil and for recipes that start from one')
    .option('--init-from <model>', 'begin with these weights of the same network, whatever the recipe says')
    .option('--pairs <file>', 'pairs of noise and image, made by `onestep pairs`, for kd and reflow')
    .option('--guidance <x>', 'classifier-free guidance of the teacher', numberIn(0))
    .option('--label-dropout <x>', 'share of images trained without their label', numberIn(0, 1))
    .option('--accumulation <n>', 'slices a batch is differentiated in: less memory, the same step', integerIn(1))
    .option('--recompute', 'compute activations again in the backward pass: less memory, more work')
    .option('--steps <n>', 'optimizer steps', integerIn(1))
    .option('--seed <n>', 'seed of every random draw', integerIn(0))
    .option('--batch-size <n>', 'images per step', integerIn(1))
    .option('--learning-rate <x>', 'learning rate', positiveNumber())
    .option('--dataset <spec>', 'mnist, fashion-mnist, cifar10, mixture-2d, mixture-16d, or a path')
    .option('--image-size <n>', 'image folders and zips: resize and crop to this side', integerIn(1, 4096))
    .addOption(backendOption)
    .addOption(noCompileOption)
    .addOption(workersOption)
    .option('--json', 'print events as JSON lines', false)
    .action(async (argument: string | undefined, flags: TrainFlags) => {
      const output = createOutput(flags);
      const recipe = await withFlags(await readRecipe(recipeNamed(argument, flags.recipe)), flags);
      checkPairs(recipe, flags);
      checkTeacher(recipe, flags);
      const folder = await freeFolder(flags.out, join('runs', recipe.name));
      const teacher = flags.teacher === undefined ? undefined : await loadTeacher(await modelPath(flags.teacher));
      const engine = await startEngine(flags, output);
      const result = await interruptible(
        () => output.warn('Stopping after this step, with a checkpoint. Press Ctrl-C again to stop at once.'),
        (signal) => startRun(folder, recipe, { output, teacher, signal, engine, workers: flags.workers }),
      );
      reportTraining(output, result);
    });
}

function recipeNamed(argument: string | undefined, flag: string | undefined): string {
  if (argument !== undefined && flag !== undefined && argument !== flag) {
    throw new UsageError(`Two recipes are named, ${argument} and ${flag}. Pass one.`);
  }
  const name = argument ?? flag;
  if (name === undefined) {
    throw new UsageError('train: no recipe is named. `onestep recipes` lists those there are; a JSON file is one too.');
  }
  return name;
}

function checkTeacher(recipe: Recipe, { teacher }: TrainFlags): void {
  const uses = objectiveFromRecipe(recipe).needs.teacher !== 'none' || recipe.init.from === 'teacher';
  if (uses && teacher === undefined) {
    throw new UsageError(
      recipe.init.from === 'teacher' && objectiveFromRecipe(recipe).needs.teacher === 'none'
        ? `Recipe "${recipe.name}" starts from a teacher. Pass --teacher with a run or its weights, or --init-from.`
        : `Recipe "${recipe.name}" needs a teacher. Pass --teacher with a run or its weights.`,
    );
  }
  if (!uses && teacher !== undefined) {
    throw new UsageError(`--teacher: recipe "${recipe.name}" uses none. Leave it out, or set init.from to "teacher".`);
  }
}

function checkPairs(recipe: Recipe, { pairs }: TrainFlags): void {
  const needs = objectiveFromRecipe(recipe).needs.pairs === true;
  if (!needs && pairs !== undefined) {
    throw new UsageError(`--pairs: recipe "${recipe.name}" (${recipe.method}) learns from images alone. Leave it out.`);
  }
  if (needs && pairs === undefined && isDatasetSpec(recipe.dataset.spec)) {
    throw new UsageError(
      `Recipe "${recipe.name}" learns from pairs of noise and image. Make them with: ` +
        'onestep pairs TEACHER --out FILE, then pass --pairs FILE.',
    );
  }
}
