import type { Denoiser } from '@onestep/core';
import { tf } from '@onestep/tensor';

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
export function guided(denoiser: Denoiser, guidanceScale: number): Denoiser {
  if (!Number.isFinite(guidanceScale) || guidanceScale < 0) {
    throw new RangeError(`guided: guidanceScale must be finite and >= 0, got ${guidanceScale}.`);
  }
  if (guidanceScale === 1) return denoiser;
  return (x, sigma, condition) => {
    const labels = condition?.labels;
    if (labels === undefined) {
      throw new TypeError(
        'guided: guidance needs labels, but condition.labels is missing. Pass labels, or guidanceScale 1.',
      );
    }
    return tf.tidy(() => {
      const conditional = denoiser(x, sigma, condition);
      const unconditional = denoiser(x, sigma, { ...condition, labels: tf.zerosLike(labels) });
      return tf.add(unconditional, tf.mul(tf.sub(conditional, unconditional), guidanceScale));
    });
  };
}
