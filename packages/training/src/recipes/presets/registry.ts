import { nearestName, OnestepError } from '@onestep/tensor';
import { parseRecipe } from '../parse-recipe';
import type { Recipe, RecipeInput } from '../schema';
import { mixture2dRecipes } from './mixture-2d';
import { mnistRecipes } from './mnist';
import { quickstartRecipes } from './quickstart';

const recipes: Readonly<Record<string, RecipeInput>> = {
  ...quickstartRecipes,
  ...mnistRecipes,
  ...mixture2dRecipes,
};

/** Names of the recipes that come with the package. */
export const recipeNames: readonly string[] = Object.keys(recipes);

/**
 * A recipe that comes with the package, defaults filled in.
 *
 * @param name - one of {@link recipeNames}
 * @throws {@link OnestepError} `invalid-recipe` if there is none of that name; the message lists those there are
 */
export function recipeByName(name: string): Recipe {
  if (Object.hasOwn(recipes, name)) return parseRecipe(recipes[name]);
  const nearest = nearestName(name, recipeNames);
  throw new OnestepError(
    'invalid-recipe',
    `recipeByName: there is no recipe ${JSON.stringify(name)}, known are ${recipeNames.join(', ')}.` +
      (nearest === undefined ? '' : ` Did you mean "${nearest}"?`),
    { details: { name, nearest } },
  );
}
