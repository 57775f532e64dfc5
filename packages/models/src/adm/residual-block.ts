import { tf, type Params, type Tensor } from '@onestep/tensor';
import { convWithoutBias } from '../layers/conv';
import { dropout, type DropoutMasks } from '../layers/dropout';
import { groupNorm } from '../layers/group-norm';
import { projectEmbedding, type NoiseEmbedding } from '../layers/noise-embedding';
import { averagePool, upsampleNearest } from '../layers/resample';
import { silu } from '../layers/silu';
import { weight } from '../params/weight';
import { groupsOf, type AdmUnetConfig } from './config';
import type { AdmLayer } from './plan';

/** Names of a block's projections of the first and of the second time. */
export function projectionNames(blockName: string): readonly [string, string] {
  return [`${blockName}.emb_layers.1`, `${blockName}.emb_layers_s.1`];
}

/** Name of a block's dropout site. */
export function dropoutSite(blockName: string): string {
  return `${blockName}.dropout`;
}

/**
 * Residual block: skip(x) + conv(dropout(silu(norm(conv(silu(norm(x))), embedding)))), the grid changed after the
 * first SiLU and in the skip path alike.
 *
 * @param x - `[B, H, W, in]`
 * @param options - `embedding` of noise level and label, and of the second time if there is one
 * @returns `[B, H', W', out]`
 * @see Dhariwal and Nichol 2021, "Diffusion models beat GANs", ADM; consistency_models `cm/unet.py`, ResBlock
 */
export function residualBlock(
  params: Params,
  layer: AdmLayer & { readonly kind: 'residual' },
  x: Tensor,
  options: { readonly config: AdmUnetConfig; readonly embedding: NoiseEmbedding; readonly masks: DropoutMasks },
): Tensor {
  const { name, inChannels, outChannels } = layer;
  const { config, embedding, masks } = options;
  const resample = { none: (y: Tensor) => y, up: upsampleNearest, down: averagePool }[layer.resample];
  const epsilon = config.groupNormEpsilon;

  const entered = silu(groupNorm(params, `${name}.in_layers.0`, x, { groups: groupsOf(inChannels, config), epsilon }));
  const first = convWithoutBias(params, `${name}.in_layers.2`, resample(entered));

  // The first convolution's bias and the embedding need no pass of their own over the image: the norm takes them.
  const bias = weight(params, `${name}.in_layers.2.bias`);
  const projected = projectEmbedding(params, projectionNames(name), embedding);
  const groups = groupsOf(outChannels, config);
  const normName = `${name}.out_layers.0`;
  let hidden: Tensor;
  if (config.scaleShiftNorm) {
    const [scale, shift] = tf.split(projected, 2, 1);
    hidden = groupNorm(params, normName, first, { groups, epsilon, offset: bias, adaptive: { scale, shift } });
  } else {
    hidden = groupNorm(params, normName, first, { groups, epsilon, offset: tf.add(projected, bias) });
  }

  const second = convWithoutBias(params, `${name}.out_layers.3`, dropout(silu(hidden), masks, dropoutSite(name)));
  let skip = resample(x);
  let lastBias = weight(params, `${name}.out_layers.3.bias`);
  if (inChannels !== outChannels) {
    skip = convWithoutBias(params, `${name}.skip_connection`, skip);
    lastBias = tf.add(lastBias, weight(params, `${name}.skip_connection.bias`));
  }
  return tf.add(tf.add(skip, second), lastBias);
}
