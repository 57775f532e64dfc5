import { tf, type Rank, type Tensor } from '@onestep/tensor';
import { tidied, type AnyDenoiser } from './from-denoiser';

/** Options of {@link dynamicThreshold}. */
export interface DynamicThresholdOptions {
  /** Rank of the value that sets the threshold, as a share of the image, in (0, 1], default 0.995. */
  readonly quantile?: number | undefined;
}

/**
 * Dynamic thresholding of a denoiser's estimates, against saturated images under strong guidance:
 * clip(D, -s, s) / s, s the larger of 1 and the quantile of |D| over one image, between two ranks linearly.
 *
 * Images within [-1, 1] pass unchanged. Wrap the guided denoiser, not the one inside.
 *
 * @returns a denoiser with the same network calls
 * @throws RangeError if the quantile leaves (0, 1]
 * @see Saharia et al. 2022, "Photorealistic text-to-image diffusion models", section 2.3; Lu et al. 2022, DPM-Solver++
 */
export function dynamicThreshold(
  denoiser: AnyDenoiser,
  { quantile = 0.995 }: DynamicThresholdOptions = {},
): AnyDenoiser {
  if (!(quantile > 0 && quantile <= 1)) {
    throw new RangeError(`dynamicThreshold: quantile must be in (0, 1], got ${quantile}.`);
  }
  const finish = (denoised: Tensor): Tensor => {
    const result = tf.tidy(() => thresholded(denoised, quantile));
    denoised.dispose();
    return result;
  };
  return (x, sigma, condition) => {
    const denoised = tidied(() => denoiser(x, sigma, condition));
    return denoised instanceof Promise ? denoised.then(finish) : finish(denoised);
  };
}

function thresholded(denoised: Tensor, quantile: number): Tensor {
  const [batch] = denoised.shape;
  const size = denoised.size / batch;
  const flat = tf.reshape<Rank.R2>(denoised, [batch, size]);
  const position = quantile * (size - 1);
  const below = Math.floor(position);
  // The largest values, descending: rank `below` is the last of them, the rank above it the one before.
  const count = size - below;
  const { values } = tf.topk(tf.abs(flat), count, true);
  const lower = tf.slice(values, [0, count - 1], [batch, 1]);
  const upper = tf.slice(values, [0, Math.max(0, count - 2)], [batch, 1]);
  const reached = tf.add(lower, tf.mul(tf.sub(upper, lower), position - below));
  const scale = tf.add(tf.relu(tf.sub(reached, 1)), 1);
  return tf.reshape(tf.clipByValue(tf.div(flat, scale), -1, 1), denoised.shape);
}
