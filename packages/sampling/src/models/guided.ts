import type { Condition, Denoiser } from '@onestep/core';
import { tf, type Tensor, type Tensor1D } from '@onestep/tensor';
import { tidied, type AnyDenoiser } from './from-denoiser';

export function guided(denoiser: Denoiser, guidanceScale: number): Denoiser;
export function guided(denoiser: AnyDenoiser, guidanceScale: number): AnyDenoiser;
/**
 * Classifier-free guidance: D(x, sigma, no label) + guidanceScale (D(x, sigma, label) - D(x, sigma, no label)).
 *
 * An all-zero label row is "no label", as in training.
 *
 * @param denoiser - conditional denoiser or consistency function trained with labels dropped at times
 * @param guidanceScale - >= 0; 1 (no guidance) returns `denoiser` itself, 0 ignores the labels
 * @returns a denoiser with twice the network calls of the plain one
 * @throws RangeError if the scale is negative or not finite; TypeError at a call without `condition.labels`
 * @see Ho and Salimans 2022, Eq. 6, in terms of D; their weight w is guidanceScale - 1
 */
export function guided(denoiser: AnyDenoiser, guidanceScale: number): AnyDenoiser {
  checkGuidanceScale('guided', guidanceScale);
  if (guidanceScale === 1) return denoiser;
  return (x, sigma, condition) => {
    const labels = condition?.labels;
    if (labels === undefined) {
      throw new TypeError(
        'guided: guidance needs labels, but condition.labels is missing. Pass labels, or guidanceScale 1.',
      );
    }
    const conditional = tidied(() => denoiser(x, sigma, condition));
    const unlabelled = (): Condition & { readonly labels: Tensor } => ({ ...condition, labels: tf.zerosLike(labels) });
    if (conditional instanceof Promise)
      return guidedLater(denoiser, { x, sigma, conditional, unlabelled, guidanceScale });
    const result = tf.tidy(() => blend(conditional, denoiser(x, sigma, unlabelled()) as Tensor, guidanceScale));
    conditional.dispose();
    return result;
  };
}

/** Refuses a scale that is negative or not finite. */
export function checkGuidanceScale(where: string, guidanceScale: number): void {
  if (!Number.isFinite(guidanceScale) || guidanceScale < 0) {
    throw new RangeError(`${where}: guidanceScale must be finite and >= 0, got ${guidanceScale}.`);
  }
}

/** The same for a denoiser that answers later; frees what it makes itself, since no scope spans a promise. */
async function guidedLater(
  denoiser: AnyDenoiser,
  options: {
    readonly x: Tensor;
    readonly sigma: Tensor1D;
    readonly conditional: Promise<Tensor>;
    readonly unlabelled: () => Condition;
    readonly guidanceScale: number;
  },
): Promise<Tensor> {
  const { x, sigma, unlabelled, guidanceScale } = options;
  const made: Tensor[] = [await options.conditional];
  try {
    const condition = unlabelled();
    if (condition.labels !== undefined) made.push(condition.labels);
    const unconditional = await denoiser(x, sigma, condition);
    made.push(unconditional);
    return tf.tidy(() => blend(made[0], unconditional, guidanceScale));
  } finally {
    tf.dispose(made);
  }
}

/** Extrapolates from the unconditional to the conditional estimate. */
function blend(conditional: Tensor, unconditional: Tensor, guidanceScale: number): Tensor {
  return tf.add(unconditional, tf.mul(tf.sub(conditional, unconditional), guidanceScale));
}
