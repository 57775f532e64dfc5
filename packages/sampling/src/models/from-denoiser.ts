import type { Condition, Denoiser } from '@onestep/core';
import { tf, type Tensor } from '@onestep/tensor';
import type { Model } from '../sampler';

/**
 * Turns a denoiser or consistency function over a batch, `(x, sigma [B], condition)`, into the {@link Model} a sampler
 * evaluates: one noise level for the whole batch.
 *
 * @param denoiser - called with sigma repeated `B` times
 * @param condition - passed on unchanged at every call; stays the caller's
 */
export function fromDenoiser(denoiser: Denoiser, condition?: Condition): Model<Tensor> {
  return (x, sigma) => tf.tidy(() => denoiser(x, tf.fill([x.shape[0]], sigma), condition));
}
