import { tf, type Params, type Tensor } from '@onestep/tensor';
import { groupsOf } from '../adm/config';
import { convWithoutBias } from '../layers/conv';
import { dropout, type DropoutMasks } from '../layers/dropout';
import { edmAttention } from '../layers/edm-attention';
import { groupNorm } from '../layers/group-norm';
import { projectEmbedding, type NoiseEmbedding } from '../layers/noise-embedding';
import { pixelNorm } from '../layers/pixel-norm';
import { averagePool, upsampleNearest } from '../layers/resample';
import { silu } from '../layers/silu';
import { weight } from '../params/weight';
import type { DhariwalUnetConfig } from './config';
import type { DhariwalBlock } from './plan';

/** Names of a block's projections of the first and of the second time. */
export function projectionNames(blockName: string): readonly [string, string] {
  return [`${blockName}.affine`, `${blockName}.affine_s`];
}

/** Name of a block's dropout site. */
export function dropoutSite(blockName: string): string {
  return `${blockName}.dropout`;
}

/**
 * Residual block with adaptive scale, then attention where the block has any:
 * y = skip(x) + conv1(dropout(silu(norm1(conv0(silu(norm0(x)))) (1 + scale) + shift))), (scale | shift) = affine(embedding).
 *
 * @param x - `[B, H, W, in]`
 * @returns `[B, H', W', out]`
 * @see Dhariwal and Nichol 2021, ADM; Karras et al. 2022, NVlabs/edm `training/networks.py`, UNetBlock
 */
export function dhariwalBlock(
  params: Params,
  block: DhariwalBlock,
  x: Tensor,
  options: { readonly config: DhariwalUnetConfig; readonly embedding: NoiseEmbedding; readonly masks: DropoutMasks },
): Tensor {
  const { name, inChannels, outChannels, heads } = block;
  const { config, embedding, masks } = options;
  const resample = { none: (y: Tensor) => y, up: upsampleNearest, down: averagePool }[block.resample];
  const groups = groupsOf(outChannels, config);

  const entered = silu(groupNorm(params, `${name}.norm0`, x, { groups: groupsOf(inChannels, config) }));
  const first = convWithoutBias(params, `${name}.conv0`, resample(entered));
  const projected = projectEmbedding(params, projectionNames(name), embedding);
  const hidden = groupNorm(params, `${name}.norm1`, first, {
    groups,
    // The convolution's bias needs no pass of its own over the image.
    offset: weight(params, `${name}.conv0.bias`),
    adaptive: modulation(projected, config.doubleNorm),
  });
  const second = convWithoutBias(params, `${name}.conv1`, dropout(silu(hidden), masks, dropoutSite(name)));

  let skip = resample(x);
  let lastBias = weight(params, `${name}.conv1.bias`);
  if (inChannels !== outChannels) {
    skip = convWithoutBias(params, `${name}.skip`, skip);
    lastBias = tf.add(lastBias, weight(params, `${name}.skip.bias`));
  }
  const y = tf.add(tf.add(skip, second), lastBias);
  return heads === 0 ? y : edmAttention(params, name, y, { heads, groups });
}

/**
 * The two halves of a block's projection `[B, 2C]`. Normalised, each has unit mean square over the channels, and the scale
 * is then not counted from 1: norm(x) pixelNorm(scale) + pixelNorm(shift).
 *
 * @see Lu and Song 2024, section 4: adaptive double normalisation
 */
function modulation(projected: Tensor, doubleNorm: boolean): { readonly scale: Tensor; readonly shift: Tensor } {
  const [scale, shift] = tf.split(projected, 2, 1);
  if (!doubleNorm) return { scale, shift };
  return { scale: tf.sub(pixelNorm(scale), 1), shift: pixelNorm(shift) };
}
