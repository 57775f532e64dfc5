import { tf, type Params, type Tensor } from '@onestep/tensor';
import { dropout, type DropoutMasks } from '../layers/dropout';
import { siluGain, sumWeights } from '../layers/magnitude-preserving';
import { mpAttention } from '../layers/mp-attention';
import { mpConv, mpLinear } from '../layers/mp-weights';
import type { NoiseEmbedding } from '../layers/noise-embedding';
import { averagePool, upsampleNearest } from '../layers/resample';
import { silu } from '../layers/silu';
import { unitMagnitude } from '../layers/unit-magnitude';
import { weight } from '../params/weight';
import type { Edm2UnetConfig } from './config';
import type { Edm2Block } from './plan';

/** A projection of one of the times: its layer and its learned gain. */
export interface ProjectionNames {
  readonly linear: string;
  readonly gain: string;
}

/** Names of a block's projections of the first and of the second time. */
export function projectionNames(blockName: string): readonly [ProjectionNames, ProjectionNames] {
  const named = (suffix: string): ProjectionNames => ({
    linear: `${blockName}.emb_linear${suffix}`,
    gain: `${blockName}.emb_gain${suffix}`,
  });
  return [named(''), named('_s')];
}

/** Name of a block's dropout site. */
export function dropoutSite(blockName: string): string {
  return `${blockName}.dropout`;
}

/**
 * Magnitude-preserving residual block, then attention where the block has any, then the limit:
 * y = mpSum(x', conv1(dropout(mpSilu(conv0(mpSilu(x)) (1 + gain linear(embedding)))))),
 * x' the input through a 1 x 1 convolution where its width changes. An encoder's block divides x' by its magnitude in
 * every pixel and takes x from there; a decoder's takes x as it comes. All in images' own magnitude of one: no norm of
 * groups, no bias.
 *
 * Constant factors (of mpSilu, of mpSum) are folded into the weights behind or before them, which are smaller than images.
 *
 * @param x - `[B, H, W, in]`
 * @returns `[B, H', W', out]`
 * @see Karras et al. 2024 (EDM2), Fig. 21; NVlabs/edm2 `training/networks_edm2.py`, Block
 */
export function edm2Block(
  params: Params,
  block: Edm2Block,
  x: Tensor,
  options: { readonly config: Edm2UnetConfig; readonly embedding: NoiseEmbedding; readonly masks: DropoutMasks },
): Tensor {
  const { name, inChannels, outChannels, heads, half } = block;
  const { config, embedding, masks } = options;
  const resample = { none: (y: Tensor) => y, up: upsampleNearest, down: averagePool }[block.resample];
  const widens = inChannels !== outChannels;
  const [kept, added] = sumWeights(config.residualBalance);

  let entered = resample(x);
  if (half === 'encoder') {
    entered = unitMagnitude(widens ? mpConv(params, `${name}.conv_skip`, entered) : entered, 3);
  }
  const first = mpConv(params, `${name}.conv_res0`, silu(entered), siluGain);
  const modulated = silu(tf.mul(first, tf.reshape(modulation(params, name, embedding), [-1, 1, 1, outChannels])));
  const site = dropoutSite(name);
  const second = mpConv(params, `${name}.conv_res1`, dropout(modulated, masks, site), siluGain * added);

  const skip =
    half === 'decoder' && widens ? mpConv(params, `${name}.conv_skip`, entered, kept) : tf.mul(entered, kept);
  const summed = tf.add(skip, second);
  const y = heads === 0 ? summed : mpAttention(params, name, summed, { heads, balance: config.attentionBalance });
  const limit = config.activationLimit;
  return limit === 0 ? y : tf.clipByValue(y, -limit, limit);
}

/** 1 + gain linear(embedding), `[B, C]`, with one such term per time. */
function modulation(params: Params, name: string, { first, second }: NoiseEmbedding): Tensor {
  const [ofFirst, ofSecond] = projectionNames(name).map(
    ({ linear, gain }) =>
      (embedded: Tensor): Tensor =>
        tf.mul(mpLinear(params, linear, embedded), weight(params, gain)),
  );
  const scale = tf.add(ofFirst(first), 1);
  return second === undefined ? scale : tf.add(scale, ofSecond(second));
}
