import { tf, type Params, type Tensor } from '@onestep/tensor';
import { weightAndBias, type ParamSpec } from '../params/param-spec';
import { groupNorm, groupNormParams } from './group-norm';
import { linear } from './linear';

/** Specs of a self-attention block `NAME` over `positions` positions; `zero`: it starts as the identity. */
export function attentionParams(
  name: string,
  options: { readonly channels: number; readonly positions: number; readonly zero: boolean },
): ParamSpec[] {
  const { channels, positions, zero } = options;
  return [
    ...groupNormParams(`${name}.norm`, channels),
    ...weightAndBias(`${name}.qkv`, 'pointwise', { inChannels: channels, outChannels: 3 * channels, positions }),
    ...weightAndBias(`${name}.proj_out`, 'pointwise', {
      inChannels: channels,
      outChannels: channels,
      positions,
      zero,
    }),
  ];
}

/** Multiply-adds of the two products that have no weights: q k^T and the average of v. */
export function attentionMultiplyAdds(channels: number, positions: number): number {
  return 2 * channels * positions * positions;
}

/**
 * Self-attention with a residual: x + proj(softmax(q k^T / sqrt(headChannels)) v), q, k, v from the normed x.
 * The outputs of `qkv` are ordered (q | k | v, head, head channel).
 *
 * @param x - `[B, H, W, C]`
 * @param options - `heads` divides C; `groups` and `epsilon` (default 1e-5) of the norm
 * @see Dhariwal and Nichol 2021; consistency_models `cm/unet.py`, AttentionBlock
 */
export function attention(
  params: Params,
  name: string,
  x: Tensor,
  {
    heads,
    groups,
    epsilon,
  }: { readonly heads: number; readonly groups: number; readonly epsilon?: number | undefined },
): Tensor {
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const positions = height * width;
  const headChannels = channels / heads;
  const normed = groupNorm(params, `${name}.norm`, x, { groups, epsilon });
  const qkv = linear(params, `${name}.qkv`, tf.reshape(normed, [-1, channels]));
  const [q, k, v] = tf
    .split(qkv, 3, 1)
    .map((part) => tf.transpose(tf.reshape(part, [-1, positions, heads, headChannels]), [0, 2, 1, 3]));
  const weights = tf.softmax(tf.matMul(tf.mul(q, 1 / Math.sqrt(headChannels)), k, false, true));
  const heard = tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [-1, channels]);
  return tf.add(x, tf.reshape(linear(params, `${name}.proj_out`, heard), [-1, height, width, channels]));
}
