import type { ApplyOptions, Conditioning } from '@onestep/core';
import { tf, type Params, type Tensor } from '@onestep/tensor';
import { groupsOf } from '../adm/config';
import { checkInputs } from '../internal/check-inputs';
import { conv } from '../layers/conv';
import { groupNorm } from '../layers/group-norm';
import { linear } from '../layers/linear';
import type { NoiseEmbedding } from '../layers/noise-embedding';
import { runConditionedBlock } from '../layers/run-block';
import { silu } from '../layers/silu';
import { scaledSinusoids } from '../layers/timestep-embedding';
import { initParams, shapesOf } from '../params/param-spec';
import type { PlannedNetwork } from '../params/planned-network';
import { weight } from '../params/weight';
import { dhariwalBlock, dropoutSite } from './block';
import { resolveDhariwalUnetConfig, type DhariwalUnetConfig, type DhariwalUnetOptions } from './config';
import { dhariwalConstants, dhariwalMultiplyAdds, dhariwalParamSpecs } from './layer-params';
import { dhariwalBlocks, planDhariwalUnet, type DhariwalBlock, type DhariwalPlan } from './plan';

/**
 * The ADM U-Net in the form of EDM's DhariwalUNet: residual blocks that change the grid themselves, adaptive scale and
 * shift from the noise embedding, attention inside the blocks of chosen levels, and class and augmentation labels.
 *
 * The same function family as {@link admUnet} with resblockUpDown, under other parameter names
 * (`enc.64x64_block0.conv0.weight`, {@link importEdmUnet}), with q, k, v in another order, no fewer than four channels in a group, and labels
 * after the second layer of the embedding.
 *
 * @param options - see {@link DhariwalUnetConfig}; the defaults are EDM's ImageNet-64 network but for classes and dropout
 * @throws OnestepError `invalid-model` listing every problem of the config; in `apply`, as {@link admUnet}
 * @remarks EDM feeds cNoise = ln(sigma) / 4, the default of the preconditioning. An absent augmentation label counts as zero.
 * @see Dhariwal and Nichol 2021; Karras et al. 2022, NVlabs/edm `training/networks.py`, DhariwalUNet; Lu and Song 2024,
 *   section 4, for doubleNorm; Kim et al. 2023 for the second time
 */
export function dhariwalUnet(options: DhariwalUnetOptions): PlannedNetwork<DhariwalUnetConfig> {
  const config = resolveDhariwalUnetConfig(options);
  const plan = planDhariwalUnet(config);
  const specs = dhariwalParamSpecs(plan);
  return {
    name: 'dhariwal-unet',
    config,
    shape: config.shape,
    numClasses: config.numClasses,
    secondTime: config.secondTime,
    augmentChannels: config.augmentChannels,
    outputWeight: 'out_conv.weight',
    paramSpecs: specs,
    constants: dhariwalConstants(plan),
    paramShapes: shapesOf(specs),
    multiplyAddsPerImage: dhariwalMultiplyAdds(plan, specs),
    init: (rng) => initParams(specs, rng),
    apply(params, x, conditioning, applyOptions = {}) {
      checkInputs('dhariwalUnet', config, x, conditioning);
      return tf.tidy(() => forward(plan, params, x, { conditioning, options: applyOptions }));
    },
    dropoutSites: (batch) => dropoutSites(plan, batch),
  };
}

function forward(
  plan: DhariwalPlan,
  params: Params,
  x: Tensor,
  { conditioning, options }: { readonly conditioning: Conditioning; readonly options: ApplyOptions },
): Tensor {
  const { config, stem, head } = plan;
  const embedding = embed(config, params, conditioning);
  const run = (block: DhariwalBlock, inputs: readonly Tensor[]): Tensor =>
    runConditionedBlock(
      (own, y, given) => dhariwalBlock(own, block, y, { config, embedding: given, masks: conditioning.dropout }),
      { params, name: block.name, options, embedding, inputs },
    );

  let y = conv(params, stem.name, x);
  const skips = [y];
  for (const block of plan.encoder) {
    y = run(block, [y]);
    skips.push(y);
  }
  for (const block of plan.decoder) {
    const skip = block.takesSkip ? skips.pop() : undefined;
    y = run(block, skip === undefined ? [y] : [y, skip]);
  }
  const normed = silu(groupNorm(params, 'out_norm', y, { groups: groupsOf(head.inChannels, config) }));
  return conv(params, head.name, normed);
}

/** Augmentation labels join the sinusoids, class labels the embedding; the second time has layers of its own. */
function embed(config: DhariwalUnetConfig, params: Params, conditioning: Conditioning): NoiseEmbedding {
  const { cNoise, cNoise2, labels, augment } = conditioning;
  const sinusoids = (t: Tensor): Tensor =>
    scaledSinusoids(t, { sinusoids: config.modelChannels, scale: config.embeddingScale });
  const twoLayers = (suffix: string, y: Tensor): Tensor =>
    linear(params, `map_layer1${suffix}`, silu(linear(params, `map_layer0${suffix}`, y)));
  const plus = (y: Tensor, rows: Tensor | undefined, name: string): Tensor =>
    rows === undefined ? y : tf.add(y, tf.matMul(rows, weight(params, `${name}.weight`)));

  const time = twoLayers('', plus(sinusoids(cNoise), augment, 'map_augment'));
  return {
    first: silu(plus(time, labels, 'map_label')),
    second: cNoise2 === undefined ? undefined : silu(twoLayers('_s', sinusoids(cNoise2))),
  };
}

function dropoutSites(plan: DhariwalPlan, batch: number): Record<string, readonly number[]> {
  if (plan.config.dropout === 0) return {};
  return Object.fromEntries(
    dhariwalBlocks(plan).map(({ name, height, width, outChannels }) => [
      dropoutSite(name),
      [batch, height, width, outChannels],
    ]),
  );
}
