import { parseRecipe, recipeByName, recipeNames, type Recipe } from '@onestep/training';
import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { backendOption, noCompileOption, startEngine, type EngineFlags } from '../compose/engine';
import { modelPath } from '../compose/find-model';
import { freeFolder } from '../compose/folders';
import { loadTeacher, startRun } from '../compose/train-run';
import { cannotOpen, UsageError } from '../errors';
import { interruptible } from '../interrupt';
import { integerIn, numberIn } from '../options';
import { createOutput } from '../output/output';
import { reportTraining } from '../output/training-report';

interface TrainFlags extends EngineFlags {
  readonly out?: string;
  readonly teacher?: string;
  readonly steps?: number;
  readonly seed?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly dataset?: string;
  readonly imageSize?: number;
  readonly json: boolean;
}

/** `onestep train RECIPE`: one run of any method. */
export function addTrain(program: Command): void {
  program
    .command('train')
    .description('train a model: a teacher (edm), or a consistency model (cd, ct, ect)')
    .argument('<recipe>', `a JSON file, or one of: ${recipeNames.join(', ')}`)
    .option('--out <folder>', 'run folder (default: runs/NAME, numbered if taken)')
    .option('--teacher <model>', 'an edm run or its weights, for cd and for recipes that start from one')
    .option('--steps <n>', 'optimizer steps', integerIn(1))
    .option('--seed <n>', 'seed of every random draw', integerIn(0))
    .option('--batch-size <n>', 'images per step', integerIn(1))
    .option('--learning-rate <x>', 'learning rate', numberIn(Number.MIN_VALUE))
    .option('--dataset <spec>', 'mnist, fashion-mnist, or a path')
    .option('--image-size <n>', 'image folders and zips: resize and crop to this side', integerIn(1, 4096))
    .addOption(backendOption)
    .addOption(noCompileOption)
    .option('--json', 'print events as JSON lines', false)
    .action(async (recipeArgument: string, flags: TrainFlags) => {
      const output = createOutput(flags);
      const recipe = withFlags(await readRecipe(recipeArgument), flags);
      const usesTeacher = recipe.method === 'cd' || recipe.init.from === 'teacher';
      if (usesTeacher && flags.teacher === undefined) {
        throw new UsageError(`Recipe "${recipe.name}" needs a teacher. Pass --teacher with an edm run or its weights.`);
      }
      if (!usesTeacher && flags.teacher !== undefined) {
        throw new UsageError(
          `--teacher: recipe "${recipe.name}" uses none. Leave it out, or set init.from to "teacher".`,
        );
      }
      const folder = await freeFolder(flags.out, join('runs', recipe.name));
      const teacher = flags.teacher === undefined ? undefined : await loadTeacher(await modelPath(flags.teacher));
      const engine = await startEngine(flags, output);
      const result = await interruptible(
        () => output.warn('Stopping after this step, with a checkpoint. Press Ctrl-C again to stop at once.'),
        (signal) => startRun(folder, recipe, { output, teacher, signal, engine }),
      );
      reportTraining(output, result);
    });
}

/** A recipe file, or a recipe that comes with the packages. */
async function readRecipe(argument: string): Promise<Recipe> {
  const looksLikeFile = argument.endsWith('.json') || argument.includes('/');
  if (!looksLikeFile) return recipeByName(argument);
  const text = await readFile(argument, 'utf8').catch((cause: unknown) => {
    throw cannotOpen(argument, cause);
  });
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new UsageError(`${argument} is not JSON: ${(cause as Error).message}`);
  }
  // A run's own recipe.json holds the recipe beside the versions it was made with.
  const stored = value as { readonly format?: unknown; readonly recipe?: unknown } | null;
  return parseRecipe(stored?.format === undefined ? value : stored.recipe);
}

function withFlags(recipe: Recipe, flags: TrainFlags): Recipe {
  const { steps, seed, batchSize, learningRate, dataset, imageSize } = flags;
  return parseRecipe({
    ...recipe,
    ...(steps === undefined ? {} : { steps }),
    ...(seed === undefined ? {} : { seed }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(learningRate === undefined ? {} : { optimizer: { ...recipe.optimizer, learningRate } }),
    dataset: {
      ...recipe.dataset,
      ...(dataset === undefined ? {} : { spec: dataset }),
      ...(imageSize === undefined ? {} : { imageSize }),
    },
  });
}
