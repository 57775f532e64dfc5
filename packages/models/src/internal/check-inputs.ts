import type { Conditioning } from '@onestep/core';
import type { Tensor } from '@onestep/tensor';
import { checkConditioning, type ConditioningInputs } from './check-conditioning';

/**
 * Refuses images of another shape than the network's, and conditioning it would pass over in silence.
 *
 * @throws RangeError for the images; as {@link checkConditioning} for the rest
 */
export function checkInputs(
  where: string,
  inputs: ConditioningInputs & { readonly shape: readonly number[] },
  x: Tensor,
  conditioning: Conditioning,
): void {
  const { shape } = inputs;
  if (x.rank !== 4 || shape.some((side, i) => x.shape[i + 1] !== side)) {
    throw new RangeError(`${where}.apply: x must be [B, ${shape.join(', ')}], got [${x.shape.join(', ')}].`);
  }
  checkConditioning(where, inputs, conditioning);
}
