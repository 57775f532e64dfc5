import { tf, type Params, type Tensor } from '@onestep/tensor';
import type { ParamInit, ParamSpec } from '../params/param-spec';
import { weight } from '../params/weight';
import { groupNorm, groupNormParams } from './group-norm';
import { linear } from './linear';

/** Laws that the weight and the bias of one layer start from. */
export interface LayerInit {
  readonly weight: ParamInit;
  readonly bias: ParamInit;
}

/** Specs of the attention inside an EDM block `NAME`: `NAME.norm2`, `NAME.qkv`, `NAME.proj`. */
export function edmAttentionParams(
  name: string,
  options: {
    readonly channels: number;
    readonly positions: number;
    readonly qkv: LayerInit;
    readonly proj: LayerInit;
  },
): ParamSpec[] {
  const { channels, positions, qkv, proj } = options;
  const pointwise = (part: string, outChannels: number, init: LayerInit): ParamSpec[] => [
    {
      name: `${name}.${part}.weight`,
      shape: [channels, outChannels],
      layout: 'pointwise',
      init: init.weight,
      positions,
    },
    { name: `${name}.${part}.bias`, shape: [outChannels], layout: 'vector', init: init.bias, positions: 0 },
  ];
  return [
    ...groupNormParams(`${name}.norm2`, channels),
    ...pointwise('qkv', 3 * channels, qkv),
    ...pointwise('proj', channels, proj),
  ];
}

/**
 * Self-attention with a residual in the order of EDM's networks:
 * x + proj(softmax(q k^T / sqrt(headChannels)) v), q, k, v from the normed x.
 *
 * The outputs of `qkv` are ordered (head, head channel, q | k | v), with q, k, v innermost. The weights keep that
 * order, which their files have; they are brought to (q | k | v, head, head channel) here, at the cost of moving a
 * matrix, so that the image's q, k and v are contiguous.
 *
 * @param x - `[B, H, W, C]`
 * @param options - `heads` divides C; `groups` and `epsilon` (default 1e-5) of the norm
 * @returns `[B, H, W, C]`
 * @see Karras et al. 2022; NVlabs/edm `training/networks.py`, UNetBlock
 */
export function edmAttention(
  params: Params,
  name: string,
  x: Tensor,
  options: { readonly heads: number; readonly groups: number; readonly epsilon?: number | undefined },
): Tensor {
  const { heads, groups, epsilon } = options;
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const positions = height * width;
  const headChannels = channels / heads;
  const rows = tf.reshape(groupNorm(params, `${name}.norm2`, x, { groups, epsilon }), [-1, channels]);
  const kernel = qkvOutermost(weight(params, `${name}.qkv.weight`), channels);
  const bias = qkvOutermost(weight(params, `${name}.qkv.bias`), channels);
  const [q, k, v] = tf
    .split(tf.add(tf.matMul(rows, kernel), bias), 3, 1)
    .map((part) => tf.transpose(tf.reshape(part, [-1, positions, heads, headChannels]), [0, 2, 1, 3]));
  const weights = tf.softmax(tf.matMul(tf.mul(q, 1 / Math.sqrt(headChannels)), k, false, true));
  const heard = tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [-1, channels]);
  return tf.add(x, tf.reshape(linear(params, `${name}.proj`, heard), [-1, height, width, channels]));
}

/** Outputs ordered (channel, q | k | v) to (q | k | v, channel): `[rows, C, 3]` flattened to `[rows, 3, C]` flattened. */
export function qkvOutermost(values: Tensor, channels: number): Tensor {
  return tf.reshape(tf.transpose(tf.reshape(values, [-1, channels, 3]), [0, 2, 1]), [-1, 3 * channels]);
}
