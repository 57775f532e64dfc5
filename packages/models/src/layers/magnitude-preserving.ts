import { tf, type Tensor } from '@onestep/tensor';
import { silu } from './silu';

/** Makes the root mean square of silu(x) one for x ~ N(0, 1). */
export const siluGain = 1 / 0.596;

/**
 * silu(x) / 0.596. In front of a convolution, {@link siluGain} belongs into the convolution's gain instead: weights are
 * smaller than images.
 *
 * @see Karras et al. 2024 (EDM2), Eq. 81
 */
export function mpSilu(x: Tensor): Tensor {
  return tf.mul(silu(x), siluGain);
}

/** Factors of a and b in {@link mpSum}. */
export function sumWeights(balance: number): readonly [a: number, b: number] {
  const length = Math.hypot(1 - balance, balance);
  return [(1 - balance) / length, balance / length];
}

/**
 * ((1 - t) a + t b) / sqrt((1 - t)^2 + t^2): unit magnitude of independent a and b stays.
 *
 * @param balance - t, 0 for a alone and 1 for b alone
 * @see Karras et al. 2024 (EDM2), Eq. 88
 */
export function mpSum(a: Tensor, b: Tensor, balance: number): Tensor {
  const [ofA, ofB] = sumWeights(balance);
  return tf.add(tf.mul(a, ofA), tf.mul(b, ofB));
}

/**
 * Joins a and b along the channels, weighted such that each has its share of the magnitude whatever its width:
 * c (1 - t) / sqrt(Na) a and c t / sqrt(Nb) b with c = sqrt((Na + Nb) / ((1 - t)^2 + t^2)).
 *
 * @param balance - t, 0 for a alone and 1 for b alone
 * @see Karras et al. 2024 (EDM2), Eq. 103
 */
export function mpConcat(a: Tensor, b: Tensor, balance: number): Tensor {
  const [ofA, ofB] = sumWeights(balance);
  const widthOf = (x: Tensor): number => x.shape[x.rank - 1];
  const total = widthOf(a) + widthOf(b);
  const parts = [tf.mul(a, ofA * Math.sqrt(total / widthOf(a))), tf.mul(b, ofB * Math.sqrt(total / widthOf(b)))];
  return tf.concat(parts, a.rank - 1);
}
