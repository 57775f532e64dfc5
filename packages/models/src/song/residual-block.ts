// The residual block of DDPM++ and NCSN++. Source: Song et al. 2021, "Score-based generative modeling through SDEs", in the
// form of Karras et al. 2022 (NVlabs/edm, SongUNet).

import { tf, type Params, type Tensor } from '@onestep/tensor';
import { groupsOf } from '../adm/config';
import { convWithoutBias } from '../layers/conv';
import { dropout, type DropoutMasks } from '../layers/dropout';
import { edmAttention } from '../layers/edm-attention';
import { groupNorm, type GroupNormOptions } from '../layers/group-norm';
import { projectEmbedding, type NoiseEmbedding } from '../layers/noise-embedding';
import { pixelNorm } from '../layers/pixel-norm';
import { filterDown, filterUp } from '../layers/resample-filter';
import { silu } from '../layers/silu';
import { weight } from '../params/weight';
import { songGroups, type SongUnetConfig } from './config';
import type { SongBlock } from './plan';

/** Added to the variance in every norm of the network. */
export const songEpsilon = 1e-6;

/** Names of a block's projections of the first and of the second time. */
export function projectionNames(blockName: string): readonly [string, string] {
  return [`${blockName}.affine`, `${blockName}.affine_s`];
}

/** Name of a block's dropout site. */
export function dropoutSite(blockName: string): string {
  return `${blockName}.dropout`;
}

/**
 * Residual block: y = (skip(x) + conv(dropout(silu(norm(conv(silu(norm(x))) + embedding))))) / sqrt(2), the grid changed
 * after the first SiLU and in the skip path alike; then, where there is attention, (y + attention(y)) / sqrt(2).
 *
 * @param x - `[B, H, W, in]`
 * @returns `[B, H', W', out]`
 * @see Song et al. 2021, "Score-based generative modeling through SDEs", App. H; NVlabs/edm `training/networks.py`,
 *   UNetBlock
 */
export function residualBlock(
  params: Params,
  layer: SongBlock,
  x: Tensor,
  options: { readonly config: SongUnetConfig; readonly embedding: NoiseEmbedding; readonly masks: DropoutMasks },
): Tensor {
  const { name, inChannels, outChannels } = layer;
  const { config, embedding, masks } = options;
  const filter = config.resampleFilter;
  const resample = { none: (y: Tensor) => y, up: filterUp, down: filterDown }[layer.resample];
  const epsilon = songEpsilon;

  const groupsIn = groupsOf(inChannels, songGroups);
  const entered = silu(groupNorm(params, `${name}.norm0`, x, { groups: groupsIn, epsilon }));
  const first = convWithoutBias(params, `${name}.conv0`, resample(entered, filter));

  // The first convolution's bias and the embedding need no pass of their own over the image: the norm takes them.
  const projected = projectEmbedding(params, projectionNames(name), embedding);
  const modulation = modulate(config, projected, weight(params, `${name}.conv0.bias`));
  const groups = groupsOf(outChannels, songGroups);
  const hidden = silu(groupNorm(params, `${name}.norm1`, first, { groups, epsilon, ...modulation }));
  const second = convWithoutBias(params, `${name}.conv1`, dropout(hidden, masks, dropoutSite(name)));

  let skip = x;
  let lastBias = weight(params, `${name}.conv1.bias`);
  if (inChannels !== outChannels || layer.resample !== 'none') {
    const pointwise = (y: Tensor): Tensor => convWithoutBias(params, `${name}.skip`, y);
    // A 1 x 1 convolution and a filter commute; the smaller grid is the cheaper one for both.
    skip = layer.resample === 'up' ? resample(pointwise(x), filter) : pointwise(resample(x, filter));
    lastBias = tf.add(lastBias, weight(params, `${name}.skip.bias`));
  }
  const sum = tf.mul(tf.add(tf.add(skip, second), lastBias), Math.SQRT1_2);
  if (!layer.hasAttention) return sum;
  return tf.mul(edmAttention(params, name, sum, { heads: 1, groups, epsilon }), Math.SQRT1_2);
}

/**
 * How the projected embedding enters the second norm: added before it, or as scale and shift after it. With doubleNorm
 * these become pnorm(scale) and pnorm(shift), the scale then not counted from 1.
 */
function modulate(
  config: SongUnetConfig,
  projected: Tensor,
  bias: Tensor,
): Pick<GroupNormOptions, 'offset' | 'adaptive'> {
  if (!config.adaptiveScale) return { offset: tf.add(projected, bias) };
  const [scale, shift] = tf.split(projected, 2, 1);
  if (!config.doubleNorm) return { offset: bias, adaptive: { scale, shift } };
  return { offset: bias, adaptive: { scale: tf.sub(pixelNorm(scale), 1), shift: pixelNorm(shift) } };
}
