import type { Denoiser } from '@onestep/core';
import { tf, type Scalar } from '@onestep/tensor';

/**
 * Classifier-free guidance: D = D_u + w (D_c - D_u), D_c with the batch's labels and D_u with none.
 *
 * @param denoiser - of a class-conditional model that knows the unconditional label, an all-zero row
 * @param scale - w >= 0 as a scalar tensor: 0 ignores the labels, 1 is the conditional denoiser
 * @returns a denoiser that costs two calls; it throws {@link TypeError} when called without labels
 * @see Ho & Salimans 2022, Eq. 6 with w + 1 for w
 */
export function guidedDenoiser(denoiser: Denoiser, scale: Scalar): Denoiser {
  return (x, sigma, condition) => {
    const labels = condition?.labels;
    if (labels === undefined) throw new TypeError('guidedDenoiser: guidance needs labels, got none.');
    return tf.tidy(() => {
      const conditional = denoiser(x, sigma, condition);
      const unconditional = denoiser(x, sigma, { ...condition, labels: tf.zerosLike(labels) });
      return tf.add(unconditional, tf.mul(tf.sub(conditional, unconditional), scale));
    });
  };
}
