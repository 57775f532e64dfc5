import type { Condition } from '@onestep/core';
import type { Tensor, Tensor1D } from '@onestep/tensor';
import type { Model } from '../sampler';
import { atLevels } from './from-denoiser';

/**
 * A jump function that may answer with a promise, as a compiled one does; every `JumpFunction` of core is one. For tensors made on the
 * way the same holds as for `AnyDenoiser`.
 */
export type AnyJumpFunction = (
  x: Tensor,
  sigma: Tensor1D,
  s: Tensor1D,
  condition?: Condition,
) => Tensor | Promise<Tensor>;

/**
 * Turns a jump function over a batch, `(x, sigma [B], s [B], condition)`, into the {@link Model} that a sampler of jumps evaluates:
 * one start and one target for the whole batch.
 *
 * @param jumpFunction - called with sigma and s repeated `B` times; s may be 0 where `sigmas` ends with 0
 * @param condition - passed on unchanged at every call; stays the caller's
 */
export function fromJump(jumpFunction: AnyJumpFunction, condition?: Condition): Model<Tensor> {
  return (x, sigma, target) =>
    atLevels(x, [sigma, target], (levels, targets) => jumpFunction(x, levels, targets, condition));
}
