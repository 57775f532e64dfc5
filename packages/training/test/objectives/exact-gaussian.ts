import { gaussianMixture, perImage, type Network, type Preconditioning } from '@onestep/core';
import { tf, type Tensor, type Tensor1D } from '@onestep/tensor';

/** Std of the data in these tests; the mean is (0.3, -0.2). */
export const std = 0.8;
export const mean = [0.3, -0.2] as const;

/** D(x, sigma) of that data. */
export const exactDenoiser = gaussianMixture({ weights: [1], means: [mean], stds: [std] }).denoiser;

/**
 * The exact consistency function m + (x - m) std / sqrt(std^2 + sigma^2), as what a network would have to give under a
 * preconditioning: F = (f - cSkip x) / cOut, plus a parameter `shift` that moves f by shift sin(sigma).
 */
export function exactNetwork(
  preconditioning: Preconditioning,
  sigmaOf: (cNoise: Tensor1D) => Tensor1D,
): Pick<Network, 'apply'> {
  return {
    apply(params, input, { cNoise }) {
      const sigma = sigmaOf(cNoise);
      const column = (values: Tensor1D) => perImage(values, input);
      const { cSkip, cOut, cIn } = preconditioning.tensors(sigma);
      const x = tf.div(input, column(cIn));
      const centre = tf.tensor2d([...mean], [1, 2]);
      const kept = tf.div<Tensor1D>(std, tf.sqrt(tf.add(tf.square(sigma), std ** 2)));
      const moved = tf.mul(column(tf.sin(sigma)), params.shift);
      const f = tf.add(tf.add(centre, tf.mul(tf.sub(x, centre), column(kept))), moved);
      return tf.div(tf.sub(f, tf.mul(x, column(cSkip))), column(cOut));
    },
  };
}

/**
 * Clean images and noise whose straight line is tangent to the trajectory through x at its level: images = D(x, sigma),
 * noise = (x - D) / sigma. What a training method averages over the data is then true for every single image.
 */
export function tangentLine(x: Tensor, sigma: Tensor1D): { readonly images: Tensor; readonly noise: Tensor } {
  const images = exactDenoiser(x, sigma);
  return { images, noise: tf.div(tf.sub(x, images), perImage(sigma, x)) };
}

/** Largest magnitude of any element. */
export function largest(x: Tensor): number {
  return Math.max(...x.dataSync().map(Math.abs));
}
