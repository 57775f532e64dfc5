import { OnestepError, type Params, type Tensor } from '@onestep/tensor';

/**
 * Reads one parameter.
 *
 * @throws {@link OnestepError} `invalid-model` if the record lacks it
 */
export function weight(params: Params, name: string): Tensor {
  const tensor: Tensor | undefined = params[name];
  if (tensor === undefined) {
    throw new OnestepError(
      'invalid-model',
      `apply: the parameters have no "${name}". They were made for another network.`,
      {
        details: { name },
      },
    );
  }
  return tensor;
}
