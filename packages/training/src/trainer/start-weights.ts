import type { Network } from '@onestep/core';
import { OnestepError } from '@onestep/tensor';
import { checkParams } from './check-params';
import { initialWeights } from './initial-groups';
import type { TrainerOptions } from './trainer-options';
import type { HostParams } from './training-state';

/** Weights a run begins with. */
export interface StartWeights {
  readonly student: HostParams;
  /** Of an objective in stages. */
  readonly teacher?: HostParams | undefined;
  /** Parameters of the student that the given weights lacked. */
  readonly fresh: readonly string[];
}

/**
 * The weights a recipe begins with: given, the teacher's, or fresh. Where the network has a second time and the weights are
 * those of one without, what they lack is fresh.
 *
 * @throws {@link OnestepError} `invalid-recipe` if the recipe names weights that are not there, `invalid-model` if they do
 * not fit the network
 */
export async function startWeights(
  { recipe, network, teacher, initial }: TrainerOptions,
  { stages }: { readonly stages: boolean },
): Promise<StartWeights> {
  const given = initial ?? givenWeights(recipe.init.from, teacher?.params);
  const fresh = given === undefined ? [] : missingNames(given, network);
  const random = given === undefined || fresh.length > 0 ? await initialWeights(network, recipe.seed) : {};
  const student = given === undefined ? random : withFresh(given, random, fresh);
  checkParams('createTrainer: initial weights', student, network.paramShapes);
  if (!stages) return { student, fresh };
  const weights = teacher?.params ?? {};
  checkParams('createTrainer: weights of the teacher', weights, network.paramShapes);
  return { student, teacher: weights, fresh };
}

/** Names that only the branch of a second time can have. */
function missingNames(given: HostParams, network: Network): string[] {
  if (network.secondTime !== true) return [];
  return Object.keys(network.paramShapes)
    .filter((name) => !Object.hasOwn(given, name))
    .sort();
}

function withFresh(given: HostParams, random: HostParams, fresh: readonly string[]): HostParams {
  return fresh.length === 0 ? given : { ...given, ...Object.fromEntries(fresh.map((name) => [name, random[name]])) };
}

function givenWeights(from: string, teacher: HostParams | undefined): HostParams | undefined {
  if (from === 'random') return undefined;
  if (from === 'teacher' && teacher !== undefined) return teacher;
  const what = from === 'teacher' ? 'a teacher, got none' : `the weights of ${JSON.stringify(from)} as "initial"`;
  throw new OnestepError('invalid-recipe', `createTrainer: init.from is ${JSON.stringify(from)} and needs ${what}.`);
}
