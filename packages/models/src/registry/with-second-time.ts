import type { Network } from '@onestep/core';
import { mapParams, OnestepError, type Params, type RandomStream } from '@onestep/tensor';
import { initParams } from '../params/param-spec';
import { networkFromConfig } from './network-from-config';

/**
 * Weights of a network with a second time, begun from those of the same network without it: the teacher's where it has
 * them, fresh ones for the second time's embedding and projections.
 *
 * @param teacherParams - parameters of the network with `secondTime: false`; they stay the caller's
 * @param network - a network of this package with `secondTime: true`
 * @param rng - `rng(name)` is the stream of parameter `name`, as in {@link Network.init}
 * @returns copies of the teacher's tensors and the fresh ones, in canonical order; the caller disposes them
 * @throws TypeError if the network has no second time; {@link OnestepError} `invalid-model` if a parameter of the teacher is
 *   missing, unexpected or of another shape
 * @remarks The fresh projections are random, so the start is not the teacher's function: for that they would have to be
 *   zero, and would then have no say in the first step's embedding gradients.
 *   The EDM2 network is the exception: a gain that starts at zero stands before every projection, and learns first, so that
 *   it does begin as the teacher.
 * @see Kim et al. 2023, consistency trajectory models
 */
export function withSecondTime(
  teacherParams: Params,
  network: Pick<Network, 'name' | 'config' | 'secondTime'>,
  rng: (name: string) => RandomStream,
): Params {
  if (network.secondTime !== true) {
    throw new TypeError(
      `withSecondTime: the network "${network.name}" has no second time. Build it with secondTime: true.`,
    );
  }
  const { name, config } = network;
  const teacher = networkFromConfig({ name, config: { ...(config as object), secondTime: false } });
  checkShapes(teacherParams, teacher.paramShapes);
  const fresh = networkFromConfig({ name, config }).paramSpecs.filter((spec) => !(spec.name in teacher.paramShapes));
  return mapParams({ ...teacherParams, ...initParams(fresh, rng) }, (tensor, key) =>
    key in teacherParams ? tensor.clone() : tensor,
  );
}

function checkShapes(params: Params, shapes: Readonly<Record<string, readonly number[]>>): void {
  const print = (shape: readonly number[] | undefined): string =>
    shape === undefined ? 'nothing' : `[${shape.join(', ')}]`;
  const given = new Map(Object.entries(params).map(([name, { shape }]) => [name, shape]));
  const wanted = new Map(Object.entries(shapes));
  const problems = [...new Set([...given.keys(), ...wanted.keys()])]
    .filter((name) => given.get(name)?.join() !== wanted.get(name)?.join())
    .map((name) => `"${name}" is ${print(given.get(name))}, the network needs ${print(wanted.get(name))}`);
  if (problems.length === 0) return;
  const rest = problems.length > 3 ? ` and ${problems.length - 3} more` : '';
  throw new OnestepError(
    'invalid-model',
    `withSecondTime: ${problems.slice(0, 3).join('; ')}${rest}. Pass weights of the same network without a second time.`,
    { details: { problems } },
  );
}
