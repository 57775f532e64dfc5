import { nearestName, OnestepError } from '@onestep/tensor';
import type { MethodName } from '../objective-schemas';
import { parseRecipe } from '../parse-recipe';
import type { Recipe } from '../schema';
import { mixturePresets } from './mixtures';
import { paperPresets } from './paper';
import type { Preset, Presets, RecipeNotes } from './preset';
import { quickstartPresets } from './quickstart';
import { smallImagePresets } from './small-images';

const presets: Presets = {
  ...quickstartPresets,
  ...mixturePresets,
  ...smallImagePresets,
  ...paperPresets,
};

/** Names of the recipes that come with the package. */
export const recipeNames: readonly string[] = Object.keys(presets);

/** What is known about a recipe beside the recipe itself. */
export interface RecipeInfo extends RecipeNotes {
  readonly name: string;
  readonly method: MethodName;
}

/**
 * A recipe that comes with the package, defaults filled in.
 *
 * @param name - one of {@link recipeNames}
 * @throws {@link OnestepError} `invalid-recipe` if there is none of that name; the message names the nearest
 */
export function recipeByName(name: string): Recipe {
  return parseRecipe({ ...presetByName(name).recipe, name });
}

/**
 * Method, size, time and source of a recipe that comes with the package.
 *
 * @param name - one of {@link recipeNames}
 * @throws {@link OnestepError} as {@link recipeByName}
 */
export function recipeInfo(name: string): RecipeInfo {
  const { recipe, ...notes } = presetByName(name);
  return { name, method: recipe.method, ...notes };
}

function presetByName(name: string): Preset {
  if (Object.hasOwn(presets, name)) return presets[name];
  const nearest = nearestName(name, recipeNames);
  throw new OnestepError(
    'invalid-recipe',
    `recipeByName: there is no recipe ${JSON.stringify(name)}, ` +
      (nearest === undefined ? `known are ${recipeNames.join(', ')}.` : `did you mean "${nearest}"?`),
    { details: { name, nearest } },
  );
}
