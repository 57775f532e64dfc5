import type { Network } from '@onestep/core';
import { disposeParams, OnestepError, randomStream, toHost, type HostTensor } from '@onestep/tensor';
import type { Objective } from '../objectives/objective';
import type { HostGroups, Optimizer } from '../optimizers/optimizer';
import { checkParams } from './check-params';
import type { HostParams } from './training-state';

/** Names of the state groups of a run. */
export function groupNames(objective: Objective, optimizer: Optimizer, emaNames: readonly string[]): string[] {
  return [
    'student',
    ...(objective.needs.target === 'ema' ? ['target'] : []),
    ...optimizer.groups.map((group) => `optimizer.${group}`),
    ...emaNames.map((name) => `ema.${name}`),
  ];
}

/**
 * State before the first step: target and averages begin as copies of the student, moments at zero.
 *
 * @param student - initial weights in host memory
 */
export function initialGroups(
  student: HostParams,
  { objective, optimizer, emaNames }: { objective: Objective; optimizer: Optimizer; emaNames: readonly string[] },
): HostGroups {
  const moments = optimizer.init(student);
  const groups: Record<string, HostParams> = {};
  for (const name of groupNames(objective, optimizer, emaNames)) {
    groups[name] = name.startsWith('optimizer.') ? moments[name.slice('optimizer.'.length)] : student;
  }
  return groups;
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
 * Throws unless a stored state has exactly the groups this run needs, each with the network's parameters.
 *
 * @throws {@link OnestepError} `invalid-recipe` if the groups differ (another optimizer, objective or list of averages),
 * `invalid-model` if a parameter does
 */
export function checkGroups(
  groups: HostGroups,
  expected: readonly string[],
  paramShapes: Readonly<Record<string, readonly number[]>>,
): void {
  const missing = expected.filter((name) => !Object.hasOwn(groups, name));
  const extra = Object.keys(groups).filter((name) => !expected.includes(name));
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
  for (const name of expected) checkParams(`createTrainer: group "${name}"`, groups[name], paramShapes);
}
