import { tf, type Params, type Tensor } from '@onestep/tensor';
import type { ParamSpec } from '../params/param-spec';
import { weight } from '../params/weight';

/** Specs of a group norm `NAME`: gain 1, bias 0. */
export function groupNormParams(name: string, channels: number): ParamSpec[] {
  const vector = { shape: [channels], layout: 'vector', positions: 0 } as const;
  return [
    { ...vector, name: `${name}.weight`, init: { kind: 'constant', value: 1 } },
    { ...vector, name: `${name}.bias`, init: { kind: 'constant', value: 0 } },
  ];
}

/** How to normalise, and what to fold into the one multiply-add over the image. */
export interface GroupNormOptions {
  /** Number of groups; divides the channels. */
  readonly groups: number;
  /** Added to the variance, default 1e-5. */
  readonly epsilon?: number | undefined;
  /** `[C]` or `[B, C]`, added to x before the norm at no cost: a convolution's bias or an embedding. */
  readonly offset?: Tensor | undefined;
  /** Adaptive norm, both `[B, C]`: the normalised value is multiplied by 1 + scale, then shift is added. */
  readonly adaptive?: { readonly scale: Tensor; readonly shift: Tensor } | undefined;
}

/**
 * Group norm over `x [B, H, W, C]`:
 * y = (gain (x + offset - m) / sqrt(v + epsilon) + bias) (1 + scale) + shift, with m and v the mean and variance of
 * x + offset over a group's channels and all positions.
 *
 * Everything but one pass of moments and one multiply-add happens on `[B, C]`:
 * v = mean_c(var_c + (mean_c + offset_c - m)^2) with var_c = mean(x^2) - mean(x)^2 per channel.
 *
 * @remarks float32: var_c loses about log2(1 + (mean_c / std_c)^2) bits, hence 1e-4 relative where a single channel's
 * mean is 30 times its deviation; differences between channels and the offset lose nothing.
 * @see Wu and He 2018, "Group normalization"
 */
export function groupNorm(params: Params, name: string, x: Tensor, options: GroupNormOptions): Tensor {
  const { groups, epsilon = 1e-5, offset, adaptive } = options;
  const channels = x.shape[3] ?? 0;
  const grouped = [-1, groups, channels / groups];
  const gain = weight(params, `${name}.weight`);
  const bias = weight(params, `${name}.bias`);

  const rawMean = tf.mean(x, [1, 2]);
  // Rounding can leave a variance of -1e-8, whose root is NaN.
  const channelVariance = tf.relu(tf.sub(tf.mean(tf.square(x), [1, 2]), tf.square(rawMean)));
  const channelMean = tf.reshape(offset === undefined ? rawMean : tf.add(rawMean, offset), grouped);
  const deviation = tf.sub(channelMean, tf.mean(channelMean, 2, true));
  const variance = tf.mean(tf.add(tf.reshape(channelVariance, grouped), tf.square(deviation)), 2, true);

  const slope = tf.mul(tf.rsqrt(tf.add(variance, epsilon)), tf.reshape(gain, grouped));
  // x + offset - m = (x - rawMean) + deviation
  let scale = tf.reshape(slope, [-1, channels]);
  let shift = tf.add(tf.sub(tf.reshape(tf.mul(slope, deviation), [-1, channels]), tf.mul(scale, rawMean)), bias);
  if (adaptive !== undefined) {
    const factor = tf.add(adaptive.scale, 1);
    scale = tf.mul(scale, factor);
    shift = tf.add(tf.mul(shift, factor), adaptive.shift);
  }
  return tf.add(tf.mul(x, perChannel(scale, channels)), perChannel(shift, channels));
}

function perChannel(values: Tensor, channels: number): Tensor {
  return tf.reshape(values, [-1, 1, 1, channels]);
}
