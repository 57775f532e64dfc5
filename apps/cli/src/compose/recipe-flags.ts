import { parseRecipe, recipeByName, recipeNames, type Recipe } from '@onestep/training';
import { nearestName } from '@onestep/tensor';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { cannotOpen, UsageError } from '../errors';
import { modelPath } from './find-model';

/** Flags that change a recipe. */
export interface RecipeFlags {
  readonly steps?: number | undefined;
  readonly seed?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly dataset?: string | undefined;
  readonly imageSize?: number | undefined;
  readonly pairs?: string | undefined;
  readonly initFrom?: string | undefined;
  readonly guidance?: number | undefined;
  readonly labelDropout?: number | undefined;
  readonly accumulation?: number | undefined;
  readonly recompute?: boolean | undefined;
}

/**
 * Reads a recipe file, or finds a recipe that comes with the packages.
 *
 * @param argument - what ends in `.json` or holds a slash is a file
 * @throws UsageError if the file is not there or not JSON
 * @throws OnestepError `invalid-recipe` if it is no recipe
 */
export async function readRecipe(argument: string): Promise<Recipe> {
  const looksLikeFile = argument.endsWith('.json') || argument.includes('/');
  if (!looksLikeFile) return knownRecipe(argument);
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

/** There are too many recipes to name them all in an error. */
function knownRecipe(name: string): Recipe {
  if (recipeNames.includes(name) || nearestName(name, recipeNames) !== undefined) return recipeByName(name);
  throw new UsageError(
    existsSync(name)
      ? `There is no recipe "${name}". If the file of that name is meant, write ./${name}.`
      : `There is no recipe "${name}". \`onestep recipes\` lists those there are; a file's name ends in .json.`,
  );
}

/** The recipe with what the flags replace. */
export async function withFlags(recipe: Recipe, flags: RecipeFlags): Promise<Recipe> {
  const { steps, seed, batchSize, learningRate, dataset, imageSize, pairs, initFrom } = flags;
  const { guidance, labelDropout, accumulation, recompute } = flags;
  if (pairs !== undefined && dataset !== undefined) {
    throw new UsageError('Pass either --dataset or --pairs: pairs bring their own images.');
  }
  const given = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return parseRecipe({
    ...recipe,
    ...given({ steps, seed, batchSize, labelDropout, accumulation, recompute }),
    ...(learningRate === undefined ? {} : { optimizer: { ...recipe.optimizer, learningRate } }),
    ...(guidance === undefined ? {} : { teacher: { ...recipe.teacher, guidance } }),
    ...(initFrom === undefined ? {} : { init: { from: resolve(await modelPath(initFrom)) } }),
    dataset: {
      ...recipe.dataset,
      ...given({ spec: pairs ?? dataset, imageSize, flip: pairs === undefined ? undefined : false }),
    },
  });
}
