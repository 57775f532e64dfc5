import type { Recipe } from '../recipes/schema';
import { adam, adamw } from './adam';
import type { Optimizer } from './optimizer';
import { radam } from './radam';

/** The optimizer a recipe names. */
export function optimizerFromRecipe(
  recipe: Pick<Recipe['optimizer'], 'name' | 'betas' | 'epsilon' | 'weightDecay' | 'amsgrad'>,
): Optimizer {
  const { name, betas, epsilon, weightDecay, amsgrad } = recipe;
  const options = { betas, epsilon, weightDecay };
  switch (name) {
    case 'adam':
      return adam({ ...options, amsgrad });
    case 'adamw':
      return adamw({ ...options, amsgrad });
    case 'radam':
      return radam(options);
    case 'radam-original':
      return radam({ ...options, form: 'original' });
  }
}
