import { consistencyPreconditioning, distanceFromName, edmPreconditioning, type Preconditioning } from '@onestep/core';
import type { Recipe } from '../recipes/schema';
import { cdObjective } from './cd';
import { ctObjective } from './ct';
import { ectObjective } from './ect';
import { edmObjective } from './edm';
import type { Objective } from './objective';

/** The objective a recipe names, with the recipe's options. */
export function objectiveFromRecipe(recipe: Recipe): Objective {
  const shared = {
    sigmaMin: recipe.sigma.min,
    sigmaMax: recipe.sigma.max,
    rho: recipe.sigma.rho,
    sigmaData: recipe.preconditioning.sigmaData,
  };
  switch (recipe.method) {
    case 'edm':
      return edmObjective({ ...shared, ...recipe.objective });
    case 'cd':
      return cdObjective({ ...shared, ...recipe.objective, distance: recipeDistance(recipe.objective) });
    case 'ct':
      return ctObjective({ ...shared, ...recipe.objective, distance: recipeDistance(recipe.objective) });
    case 'ect':
      return ectObjective({ ...shared, ...recipe.objective });
  }
}

/**
 * The preconditioning a recipe trains with: as named, or the method's own, which is EDM's for `edm` and `ect` and the
 * consistency form (boundary at sigma.min) for `cd` and `ct`.
 */
export function preconditioningFromRecipe({ method, preconditioning, sigma }: Recipe): Preconditioning {
  const name = preconditioning.name ?? (method === 'cd' || method === 'ct' ? 'consistency' : 'edm');
  const options = {
    sigmaData: preconditioning.sigmaData,
    sigmaMin: sigma.min,
    sigmaMax: sigma.max,
    cNoise: preconditioning.cNoise,
  };
  return name === 'edm' ? edmPreconditioning(options) : consistencyPreconditioning(options);
}

function recipeDistance({ distance, huberC }: { readonly distance: string; readonly huberC: number }) {
  return distanceFromName(distance, { c: huberC });
}
