import { mapParams, OnestepError, type HostTensor } from '@onestep/tensor';
import type { ParamSpec } from '../params/param-spec';
import { toChannelsFirst } from './layout';
import type { HostParams } from './read-strictly';

/**
 * Brings parameters to the layout of a channels-first file; names stay.
 *
 * @throws {@link OnestepError} `invalid-model` if a parameter is missing or has another shape
 */
export function writeChannelsFirst(
  where: string,
  params: HostParams,
  specs: readonly ParamSpec[],
): Record<string, HostTensor> {
  const given = new Map(Object.entries(params));
  return mapParams(Object.fromEntries(specs.map((spec) => [spec.name, spec])), (spec, name) => {
    const tensor = given.get(name);
    if (tensor === undefined || tensor.shape.join() !== spec.shape.join()) {
      const got = tensor === undefined ? 'is missing' : `has shape [${tensor.shape.join(', ')}]`;
      throw new OnestepError(
        'invalid-model',
        `${where}: "${name}" ${got}, the network has [${spec.shape.join(', ')}]. Pass the config of these weights.`,
        { details: { name } },
      );
    }
    return toChannelsFirst(spec, tensor.data);
  });
}
