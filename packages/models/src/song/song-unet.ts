// The forward pass of DDPM++ and NCSN++. Source: Song et al. 2021, "Score-based generative modeling through SDEs", in the
// form of Karras et al. 2022 (NVlabs/edm, SongUNet).

import type { ApplyOptions, Conditioning } from '@onestep/core';
import { tf, type Params, type Tensor } from '@onestep/tensor';
import { groupsOf } from '../adm/config';
import { checkInputs } from '../internal/check-inputs';
import { conv, convWithoutBias } from '../layers/conv';
import { groupNorm } from '../layers/group-norm';
import { filterDown, filterDownWithin, filterMargin, filterUp, zeroPad } from '../layers/resample-filter';
import { runBlock } from '../layers/run-block';
import { silu } from '../layers/silu';
import { initParams, shapesOf } from '../params/param-spec';
import type { PlannedNetwork } from '../params/planned-network';
import { weight } from '../params/weight';
import { resolveSongUnetConfig, songGroups, type SongUnetConfig, type SongUnetOptions } from './config';
import { songEmbedding } from './embedding';
import { songConstants, songMultiplyAdds, songParamSpecs } from './layer-params';
import { planSongUnet, songLayers, type SongBlock, type SongLayer, type SongPlan } from './plan';
import { dropoutSite, residualBlock, songEpsilon } from './residual-block';

/**
 * DDPM++ and NCSN++, the U-Nets of score-based generative modeling with SDEs, in the form that EDM gave them: residual
 * blocks divided by sqrt(2), one-headed attention, skips from every encoder layer to a decoder block, and, for NCSN++, a
 * pyramid of the image that enters every level.
 *
 * The published CIFAR-10 networks are the presets `ddpmpp-cifar` and `ncsnpp-cifar`. Parameters keep the reference's
 * names (`enc.16x16_block0.conv0.weight`); only their layout differs ({@link importEdmUnet}).
 *
 * @param options - see {@link SongUnetConfig}
 * @throws OnestepError `invalid-model` listing every problem of the config; in `apply`, `unsupported` for augmentation
 *   labels or a second time that the config does not have; TypeError if a network with a second time gets none
 * @remarks Label dropout is the trainer's: an all-zero row is the unconditional label.
 * @see Song et al. 2021, App. H; Karras et al. 2022, App. F.2; NVlabs/edm `training/networks.py`, SongUNet
 */
export function songUnet(options: SongUnetOptions): PlannedNetwork<SongUnetConfig> {
  const config = resolveSongUnetConfig(options);
  const plan = planSongUnet(config);
  const specs = songParamSpecs(plan);
  return {
    name: 'song-unet',
    config,
    shape: config.shape,
    numClasses: config.numClasses,
    secondTime: config.secondTime,
    augmentChannels: config.augmentChannels,
    outputWeight: plan.outputWeight,
    paramSpecs: specs,
    constants: songConstants(plan),
    paramShapes: shapesOf(specs),
    multiplyAddsPerImage: songMultiplyAdds(plan, specs),
    init: (rng) => initParams(specs, rng),
    apply(params, x, conditioning, applyOptions = {}) {
      checkInputs('songUnet', config, x, conditioning);
      return tf.tidy(() => forward(plan, { params, conditioning, options: applyOptions }, x));
    },
    dropoutSites: (batch) => dropoutSites(plan, batch),
  };
}

interface Pass {
  readonly params: Params;
  readonly conditioning: Conditioning;
  readonly options: ApplyOptions;
}

function forward(plan: SongPlan, pass: Pass, x: Tensor): Tensor {
  const { config } = plan;
  const { params, conditioning, options } = pass;
  const embedding = songEmbedding(params, conditioning, config);
  const runResidual = (layer: SongBlock, images: readonly Tensor[]): Tensor =>
    runBlock(
      (own, [first, second, ...parts]) =>
        residualBlock(own, layer, parts.length > 1 ? tf.concat([...parts], 3) : parts[0], {
          config,
          embedding: { first, second: embedding.second && second },
          masks: conditioning.dropout,
        }),
      {
        params,
        name: layer.name,
        inputs: [embedding.first, embedding.second ?? embedding.first, ...images],
        options,
      },
    );

  const skips: Tensor[] = [];
  let pyramid = x;
  let y = x;
  for (const layer of plan.encoder) {
    switch (layer.kind) {
      case 'conv':
        y = conv(params, layer.name, y);
        skips.push(y);
        break;
      case 'block':
        y = runResidual(layer, [y]);
        skips.push(y);
        break;
      case 'pyramid-skip':
        pyramid = filterDown(pyramid, config.resampleFilter);
        y = tf.add(y, conv(params, layer.name, pyramid));
        skips[skips.length - 1] = y;
        break;
      case 'pyramid-residual':
        y = pyramidResidual(params, layer, config, [y, pyramid]);
        pyramid = y;
        skips[skips.length - 1] = y;
        break;
    }
  }
  let output: Tensor | undefined;
  for (const layer of plan.decoder) {
    if (layer.kind === 'block') {
      const skip = layer.takesSkip ? skips.pop() : undefined;
      y = runResidual(layer, skip === undefined ? [y] : [y, skip]);
    } else if (layer.kind === 'output') {
      const lower = layer.upsamples && output !== undefined ? filterUp(output, config.resampleFilter) : undefined;
      const own = outputLayer(params, layer, y);
      output = lower === undefined ? own : tf.add(lower, own);
    }
  }
  return output ?? y;
}

/** (y + filter(conv(pyramid))) / sqrt(2), the convolution reaching into the filter's margin of zeros. */
function pyramidResidual(
  params: Params,
  layer: SongLayer,
  config: SongUnetConfig,
  [y, pyramid]: readonly [Tensor, Tensor],
): Tensor {
  return tf.tidy(() => {
    const margin = filterMargin(config.resampleFilter);
    const wide = convWithoutBias(params, layer.name, zeroPad(pyramid, margin));
    const down = tf.add(filterDownWithin(wide, config.resampleFilter), weight(params, `${layer.name}.bias`));
    return tf.mul(tf.add(y, down), Math.SQRT1_2);
  });
}

function outputLayer(params: Params, layer: SongLayer, y: Tensor): Tensor {
  const groups = groupsOf(layer.inChannels, songGroups);
  return tf.tidy(() => {
    const normed = silu(groupNorm(params, `${layer.name}_norm`, y, { groups, epsilon: songEpsilon }));
    return conv(params, `${layer.name}_conv`, normed);
  });
}

function dropoutSites(plan: SongPlan, batch: number): Record<string, readonly number[]> {
  if (plan.config.dropout === 0) return {};
  return Object.fromEntries(
    songLayers(plan)
      .filter(({ kind }) => kind === 'block')
      .map(({ name, height, width, outChannels }) => [dropoutSite(name), [batch, height, width, outChannels]]),
  );
}
