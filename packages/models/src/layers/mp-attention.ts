import { tf, type Params, type Tensor } from '@onestep/tensor';
import type { ParamSpec } from '../params/param-spec';
import { qkvOutermost } from './edm-attention';
import { sumWeights } from './magnitude-preserving';
import { mpWeight, mpWeightParam } from './mp-weights';
import { unitMagnitude } from './unit-magnitude';

/** Specs of the attention inside an EDM2 block `NAME`: `NAME.attn_qkv`, `NAME.attn_proj`. */
export function mpAttentionParams(
  name: string,
  { channels, positions }: { readonly channels: number; readonly positions: number },
): ParamSpec[] {
  const pointwise = { layout: 'pointwise', inChannels: channels, positions } as const;
  return [
    mpWeightParam(`${name}.attn_qkv`, { ...pointwise, outChannels: 3 * channels }),
    mpWeightParam(`${name}.attn_proj`, { ...pointwise, outChannels: channels }),
  ];
}

/**
 * Cosine attention, joined to its input: mpSum(x, proj(softmax(q k^T / sqrt(headChannels)) v), balance), where every
 * head's q, k and v of a position have unit magnitude.
 *
 * The outputs of `attn_qkv` are ordered (head, head channel, q | k | v), with q, k, v innermost, and brought to
 * (q | k | v, head, head channel) by moving the weight.
 *
 * @param x - `[B, H, W, C]`
 * @param options - `heads` divides C; `balance` 0 leaves x, 1 the attention's result alone
 * @returns `[B, H, W, C]`
 * @see Karras et al. 2024 (EDM2), Fig. 21; NVlabs/edm2 `training/networks_edm2.py`, Block
 */
export function mpAttention(
  params: Params,
  name: string,
  x: Tensor,
  { heads, balance }: { readonly heads: number; readonly balance: number },
): Tensor {
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const positions = height * width;
  const headChannels = channels / heads;
  const kernel = qkvOutermost(mpWeight(params, `${name}.attn_qkv`), channels);
  const projected = tf.matMul(tf.reshape(x, [-1, channels]), kernel);
  const normed = tf.reshape(unitMagnitude(tf.reshape(projected, [-1, headChannels]), 1), [-1, 3 * channels]);
  const [q, k, v] = tf
    .split(normed, 3, 1)
    .map((part) => tf.transpose(tf.reshape(part, [-1, positions, heads, headChannels]), [0, 2, 1, 3]));
  const weights = tf.softmax(tf.matMul(tf.mul(q, 1 / Math.sqrt(headChannels)), k, false, true));
  const heard = tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [-1, channels]);
  const [kept, added] = sumWeights(balance);
  const change = tf.matMul(heard, mpWeight(params, `${name}.attn_proj`, added));
  return tf.add(tf.mul(x, kept), tf.reshape(change, [-1, height, width, channels]));
}
