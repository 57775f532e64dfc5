import type { Distance } from '@onestep/core';
import { consistencyModelsLpips, lpipsDistance } from '@onestep/metrics';
import { loadLpips, type LpipsFiles } from '@onestep/metrics/node';
import { lpipsOfRecipe, type Recipe } from '@onestep/training';
import { resolve } from 'node:path';
import type { Output } from '../output/output';

/**
 * Makes LPIPS with its weights, where a recipe compares images with it.
 *
 * @returns undefined for the other distances, which a recipe names and the trainer knows
 */
export async function distanceForRecipe(recipe: Recipe, output: Output): Promise<Distance | undefined> {
  const options = lpipsOfRecipe(recipe);
  if (options === undefined) return undefined;
  const { net, weights, sha256, variant, resizeTo, repeatGrey } = options;
  let named = '';
  const model = await loadLpips(net, {
    weights,
    sha256,
    onProgress(file, _bytes, total) {
      if (file === named) return;
      named = file;
      output.line(`fetching ${file}${total === undefined ? '' : ` (${Math.ceil(total / 2 ** 20)} MiB)`}`);
    },
  });
  const of = variant === 'consistency-models' ? consistencyModelsLpips : {};
  return lpipsDistance(model, {
    ...of,
    ...(resizeTo === undefined ? {} : { resizeTo, resizeBelow: Infinity }),
    repeatGrey,
  });
}

/** The same recipe with weight files by absolute path: a run is resumed from anywhere. */
export function withAbsoluteWeights(recipe: Recipe): Recipe {
  const lpips = lpipsOfRecipe(recipe);
  if (lpips?.weights === undefined) return recipe;
  const distance = { ...lpips, weights: absolute(lpips.weights) };
  return { ...recipe, objective: { ...recipe.objective, distance } } as Recipe;
}

function absolute(files: LpipsFiles): LpipsFiles {
  if (typeof files === 'string') return resolve(files);
  const part = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path));
  return { trunk: part(files.trunk), heads: part(files.heads) };
}
