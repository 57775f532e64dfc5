import type { Network } from '@onestep/core';
import { networkFromConfig, type NetworkDescription } from '@onestep/models';
import { OnestepError } from '@onestep/tensor';
import type { Recipe } from '@onestep/training';
import type { TrainingData } from './batches';

/**
 * The network a recipe describes, made for the data: a preset takes the shape of the data, and with `classConditional`
 * its number of classes.
 *
 * @throws OnestepError `invalid-recipe` if the network and the data do not fit
 */
export function recipeNetwork(
  { network }: Pick<Recipe, 'network'>,
  data: Pick<TrainingData, 'shape' | 'numClasses' | 'id'>,
): Network {
  const { name, preset, config, classConditional } = network;
  if (classConditional && data.numClasses === 0) {
    throw new OnestepError(
      'invalid-recipe',
      `network.classConditional is true, but ${data.id} has no labels. Set it to false.`,
    );
  }
  const made = makeNetwork({
    name,
    preset,
    config: {
      ...(preset === undefined ? {} : { shape: data.shape }),
      ...(classConditional ? { numClasses: data.numClasses } : {}),
      ...config,
    },
  });
  if (made.shape.join() !== data.shape.join()) {
    throw new OnestepError(
      'invalid-recipe',
      `network.config.shape is [${made.shape.join(', ')}], but ${data.id} has images of [${data.shape.join(', ')}].`,
    );
  }
  if (made.numClasses > 0 && made.numClasses !== data.numClasses) {
    throw new OnestepError(
      'invalid-recipe',
      `network.config.numClasses is ${made.numClasses}, but ${data.id} has ${data.numClasses} classes.`,
    );
  }
  return made;
}

/** What is wrong with the description is wrong with the recipe. */
function makeNetwork(description: NetworkDescription): Network {
  try {
    return networkFromConfig(description);
  } catch (error) {
    if (!(error instanceof OnestepError) || error.code !== 'invalid-model') throw error;
    throw new OnestepError('invalid-recipe', `network: ${error.message}`, { details: error.details, cause: error });
  }
}
