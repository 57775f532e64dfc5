import type { Condition } from '@onestep/core';
import { tf, type Rank, type Tensor, type Tensor1D } from '@onestep/tensor';
import type { Model } from '../sampler';

/**
 * A denoiser or consistency function that may answer with a promise, as a compiled one does; every `Denoiser` of core is
 * one. It returns a new tensor and leaves nothing else behind; one that answers later makes its tensors after its first
 * `await`, since what it makes before belongs to the caller's scope.
 */
export type AnyDenoiser = (x: Tensor, sigma: Tensor1D, condition?: Condition) => Tensor | Promise<Tensor>;

/**
 * Turns a denoiser or consistency function over a batch, `(x, sigma [B], condition)`, into the {@link Model} a sampler
 * evaluates: one noise level for the whole batch.
 *
 * @param denoiser - called with sigma repeated `B` times
 * @param condition - passed on unchanged at every call; stays the caller's
 */
export function fromDenoiser(denoiser: AnyDenoiser, condition?: Condition): Model<Tensor> {
  return (x, sigma) => atLevels(x, [sigma], (levels) => denoiser(x, levels, condition));
}

/**
 * Calls a function with each noise level repeated for every image of `x`, and frees those levels once it has answered.
 */
export function atLevels(
  x: Tensor,
  sigmas: readonly number[],
  call: (...levels: Tensor1D[]) => Tensor | Promise<Tensor>,
): Tensor | Promise<Tensor> {
  // Kept from the scope around this call: a promise reads them after that scope has closed.
  const levels = sigmas.map((sigma) => tf.keep(tf.fill<Rank.R1>([x.shape[0]], sigma)));
  let answer: Tensor | Promise<Tensor>;
  try {
    answer = tidied(() => call(...levels));
  } catch (error) {
    tf.dispose(levels);
    throw error;
  }
  if (answer instanceof Promise) return answer.finally(() => tf.dispose(levels));
  tf.dispose(levels);
  return answer;
}

/** Tidies a call that answers at once; one that answers later passes through, since no scope spans a promise. */
export function tidied(call: () => Tensor | Promise<Tensor>): Tensor | Promise<Tensor> {
  let pending: Promise<Tensor> | undefined;
  const output = tf.tidy(() => {
    const answer = call();
    if (!(answer instanceof Promise)) return answer;
    pending = answer;
    return undefined as unknown as Tensor;
  });
  return pending ?? output;
}
