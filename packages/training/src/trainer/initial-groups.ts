import type { Network } from '@onestep/core';
import {
  disposeParams,
  hostTensor,
  mapParams,
  OnestepError,
  randomStream,
  toHost,
  type HostTensor,
} from '@onestep/tensor';
import type { Objective } from '../objectives/objective';
import type { HostGroups, Optimizer } from '../optimizers/optimizer';
import { adversaryGroup } from '../step/adversary';
import { joinTrainables } from '../step/trainables';
import { checkParams } from './check-params';
import type { HostParams } from './training-state';

/** What decides which groups the state of a run has. */
export interface GroupPlan {
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  readonly emaNames: readonly string[];
}

type Shapes = Readonly<Record<string, readonly number[]>>;

/** Shapes of everything the optimizer trains. */
export function trainedShapes(network: Pick<Network, 'paramShapes'>, objective: Objective): Shapes {
  return joinTrainables<readonly number[]>(network.paramShapes, objective.auxiliary);
}

/** The state groups of a run, and the shapes of each. */
export function groupShapes(
  network: Pick<Network, 'paramShapes' | 'shape'>,
  { objective, optimizer, emaNames }: GroupPlan,
): Readonly<Record<string, Shapes>> {
  const { needs, adversary, auxiliary = {} } = objective;
  const rival = adversary?.shapes(network.shape) ?? {};
  const weights = network.paramShapes;
  const trained = trainedShapes(network, objective);
  return Object.fromEntries([
    ['student', weights],
    ...(Object.keys(auxiliary).length > 0 ? [['auxiliary', auxiliary] as const] : []),
    ...(needs.target === 'ema' ? [['target', weights] as const] : []),
    ...(needs.teacher === 'stages' ? [['teacher', weights] as const] : []),
    ...optimizer.groups.map((group) => [`optimizer.${group}`, trained] as const),
    ...emaNames.map((name) => [`ema.${name}`, weights] as const),
    ...(adversary === undefined ? [] : [['adversary', rival] as const]),
    ...(adversary?.optimizer.groups ?? []).map((group) => [adversaryGroup(group), rival] as const),
  ]);
}

/**
 * State before the first step: target and averages begin as copies of the student, moments and what the objective learns
 * beside the network at zero, an adversary at random from the streams `init.adversary.NAME`.
 *
 * @param weights - in host memory: of the student, and of the teacher of an objective in stages
 * @param plan - with the seed of the run
 */
export function initialGroups(
  { student, teacher }: { readonly student: HostParams; readonly teacher?: HostParams | undefined },
  network: Pick<Network, 'paramShapes' | 'shape'>,
  plan: GroupPlan & { readonly seed: number },
): HostGroups {
  const groups: Record<string, HostParams> = {};
  for (const [name, shapes] of Object.entries(groupShapes(network, plan))) {
    const empty = name === 'auxiliary' || /^(adversary\.)?optimizer\./.test(name);
    groups[name] = name === 'teacher' && teacher !== undefined ? teacher : empty ? zeros(shapes) : student;
  }
  const { adversary } = plan.objective;
  if (adversary !== undefined) {
    groups.adversary = adversary.init(network.shape, (name) => randomStream(plan.seed, `init.adversary.${name}`));
  }
  return groups;
}

function zeros(shapes: Shapes): HostParams {
  return mapParams(shapes, (shape) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return hostTensor(new Float32Array(size), shape);
  });
}

/**
 * Fresh weights in host memory, parameter by parameter from the streams `init.NAME`.
 *
 * @param network - the network to initialise
 * @param seed - of the run
 */
export async function initialWeights(network: Pick<Network, 'init'>, seed: number): Promise<HostParams> {
  const params = network.init((name) => randomStream(seed, `init.${name}`));
  try {
    const weights: Record<string, HostTensor> = {};
    for (const name of Object.keys(params).sort()) weights[name] = await toHost(params[name]);
    return weights;
  } finally {
    disposeParams(params);
  }
}

/**
 * Throws unless a stored state has exactly the groups this run needs, each with the right parameters.
 *
 * @throws {@link OnestepError} `invalid-recipe` if the groups differ (another optimizer, objective or list of averages),
 * `invalid-model` if a parameter does
 */
export function checkGroups(groups: HostGroups, expected: Readonly<Record<string, Shapes>>): void {
  const missing = Object.keys(expected).filter((name) => !Object.hasOwn(groups, name));
  const extra = Object.keys(groups).filter((name) => !Object.hasOwn(expected, name));
  if (missing.length > 0 || extra.length > 0) {
    const parts = [
      ...(missing.length > 0 ? [`it lacks ${missing.join(', ')}`] : []),
      ...(extra.length > 0 ? [`it holds ${extra.join(', ')}, which the recipe does not ask for`] : []),
    ];
    throw new OnestepError(
      'invalid-recipe',
      `createTrainer: the checkpoint does not fit the recipe: ${parts.join('; ')}. ` +
        'Resume with the method, optimizer and averages the run was started with.',
      { details: { missing, extra } },
    );
  }
  for (const [name, shapes] of Object.entries(expected)) {
    checkParams(`createTrainer: group "${name}"`, groups[name], shapes);
  }
}
