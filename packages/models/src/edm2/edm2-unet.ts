import type { ApplyOptions, Conditioning } from '@onestep/core';
import { tf, type Params, type Tensor } from '@onestep/tensor';
import { checkInputs } from '../internal/check-inputs';
import { mpConcat } from '../layers/magnitude-preserving';
import { mpConv, unitWeights } from '../layers/mp-weights';
import { runConditionedBlock } from '../layers/run-block';
import { initParams, shapesOf } from '../params/param-spec';
import type { PlannedNetwork } from '../params/planned-network';
import { weight } from '../params/weight';
import { dropoutSite, edm2Block } from './block';
import { resolveEdm2UnetConfig, type Edm2UnetConfig, type Edm2UnetOptions } from './config';
import { edm2Embedding } from './embedding';
import { edm2Constants, edm2MultiplyAdds, edm2ParamSpecs } from './layer-params';
import { edm2Blocks, planEdm2Unet, type Edm2Block, type Edm2Plan } from './plan';

/**
 * The EDM2 network: a U-Net whose layers keep the magnitude of what passes them. Weights are normalised wherever they
 * are used, sums and joins are weighted, q, k and v have unit magnitude; there are no biases and no norms of groups, and
 * what starts at zero are the gains of conditioning and output.
 *
 * The published ImageNet-64 networks are the presets `edm2-imagenet64-s` to `-xl`. Parameters keep the reference's names
 * (`enc.64x64_block0.conv_res0.weight`, {@link importEdm2Unet}).
 *
 * @param options - see {@link Edm2UnetConfig}; the defaults are those of the reference
 * @throws OnestepError `invalid-model` listing every problem of the config; in `apply`, `unsupported` for augmentation
 *   labels, or a second time that the config does not have; TypeError if a network with a second time gets none
 * @remarks EDM2 feeds cNoise = ln(sigma) / 4, the default of the preconditioning; for continuous-time consistency models
 *   `fourierScale` 0.02 keeps the derivative along the time small. In training the stored weights are normalised as well
 *   before every step (`normalizeWeights`). The uncertainty of EDM2's loss (`logvar`) is no part of the network.
 * @see Karras et al. 2024, "Analyzing and improving the training dynamics of diffusion models", config G;
 *   NVlabs/edm2 `training/networks_edm2.py`; Geng et al. 2024 (ECT) for dropoutResolutions; Kim et al. 2023 for the second time
 */
export function edm2Unet(options: Edm2UnetOptions): PlannedNetwork<Edm2UnetConfig> {
  const config = resolveEdm2UnetConfig(options);
  const plan = planEdm2Unet(config);
  const specs = edm2ParamSpecs(plan);
  return {
    name: 'edm2-unet',
    config,
    shape: config.shape,
    numClasses: config.numClasses,
    secondTime: config.secondTime,
    outputWeight: `${plan.head.name}.weight`,
    paramSpecs: specs,
    constants: edm2Constants(plan),
    paramShapes: shapesOf(specs),
    multiplyAddsPerImage: edm2MultiplyAdds(plan, specs),
    init: (rng) => initParams(specs, rng),
    apply(params, x, conditioning, applyOptions = {}) {
      checkInputs('edm2Unet', config, x, conditioning);
      return tf.tidy(() => forward(plan, params, x, { conditioning, options: applyOptions }));
    },
    normalizeWeights: unitWeights,
    dropoutSites: (batch) => dropoutSites(plan, batch),
  };
}

function forward(
  plan: Edm2Plan,
  params: Params,
  x: Tensor,
  { conditioning, options }: { readonly conditioning: Conditioning; readonly options: ApplyOptions },
): Tensor {
  const { config, stem, head } = plan;
  const embedding = edm2Embedding(params, conditioning, plan);
  const run = (block: Edm2Block, inputs: readonly Tensor[]): Tensor =>
    runConditionedBlock(
      (own, y, given) => edm2Block(own, block, y, { config, embedding: given, masks: conditioning.dropout }),
      {
        params,
        name: block.name,
        options,
        embedding,
        inputs,
        join: ([below, beside]) => mpConcat(below, beside, config.concatBalance),
      },
    );

  let y = mpConv(params, stem.name, withOnes(x));
  const skips = [y];
  for (const block of plan.encoder) {
    y = run(block, [y]);
    skips.push(y);
  }
  for (const block of plan.decoder) {
    const skip = block.takesSkip ? skips.pop() : undefined;
    y = run(block, skip === undefined ? [y] : [y, skip]);
  }
  return mpConv(params, head.name, y, weight(params, 'out_gain'));
}

/** Appends a channel of ones, which is what the network has instead of biases. */
function withOnes(x: Tensor): Tensor {
  const none: [number, number] = [0, 0];
  return tf.pad(x, [none, none, none, [0, 1]], 1);
}

function dropoutSites(plan: Edm2Plan, batch: number): Record<string, readonly number[]> {
  if (plan.config.dropout === 0) return {};
  return Object.fromEntries(
    edm2Blocks(plan)
      .filter(({ drops }) => drops)
      .map(({ name, height, width, outChannels }) => [dropoutSite(name), [batch, height, width, outChannels]]),
  );
}
