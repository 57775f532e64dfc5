import { tf, type Tensor } from '@onestep/tensor';

/** Masks by site name, as in the conditioning. */
export type DropoutMasks = Readonly<Record<string, Tensor>> | undefined;

/** Multiplies by the mask of `site` (0 or 1 / (1 - rate), drawn on the host); without one, nothing happens. */
export function dropout(x: Tensor, masks: DropoutMasks, site: string): Tensor {
  const mask: Tensor | undefined = masks?.[site];
  return mask === undefined ? x : tf.mul(x, mask);
}
