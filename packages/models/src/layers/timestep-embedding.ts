import { tf, type Tensor } from '@onestep/tensor';

/**
 * Sinusoids of a scalar: [cos(f_j t) | sin(f_j t)], f_j = maxPeriod^(-j / (width / 2)), j = 0 ... width / 2 - 1.
 *
 * @param t - `[B]`, the network's noise embedding input
 * @param width - even
 * @returns `[B, width]`
 */
export function timestepEmbedding(t: Tensor, width: number, maxPeriod = 10000): Tensor {
  const half = width / 2;
  const frequencies = Float32Array.from({ length: half }, (_, j) => Math.exp((-Math.log(maxPeriod) * j) / half));
  const angles = tf.mul(tf.reshape(t, [-1, 1]), tf.tensor2d(frequencies, [1, half]));
  return tf.concat([tf.cos(angles), tf.sin(angles)], 1);
}

/** How a network's times become vectors. */
export interface SinusoidOptions {
  /** Sinusoids per time; even. */
  readonly sinusoids: number;
  /** Multiplies every time before its sinusoids, default 1. */
  readonly scale?: number | undefined;
}

/** The sinusoids of a time that is multiplied by a constant first. */
export function scaledSinusoids(t: Tensor, { sinusoids, scale = 1 }: SinusoidOptions): Tensor {
  return timestepEmbedding(scale === 1 ? t : tf.mul(t, scale), sinusoids);
}
