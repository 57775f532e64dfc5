import type { ApplyOptions, Conditioning } from '@onestep/core';
import { tf, type Params, type Tensor } from '@onestep/tensor';
import { checkInputs } from '../internal/check-inputs';
import { attention } from '../layers/attention';
import { conv } from '../layers/conv';
import { groupNorm } from '../layers/group-norm';
import { noiseEmbedding } from '../layers/noise-embedding';
import { fromPatches, toPatches } from '../layers/patches';
import { averagePool, upsampleNearest } from '../layers/resample';
import { runBlock, runConditionedBlock } from '../layers/run-block';
import { silu } from '../layers/silu';
import { initParams, shapesOf } from '../params/param-spec';
import type { PlannedNetwork } from '../params/planned-network';
import { groupsOf, resolveAdmUnetConfig, type AdmUnetConfig, type AdmUnetOptions } from './config';
import { admMultiplyAdds, admParamSpecs } from './layer-params';
import { admLayers, planAdmUnet, type AdmLayer, type AdmPlan, type AdmStage } from './plan';
import { dropoutSite, residualBlock } from './residual-block';

/**
 * The ADM U-Net in the form of OpenAI's consistency models: residual blocks with the noise embedding, self-attention
 * at chosen levels and in the middle, skips from every input stage to an output stage.
 *
 * Parameters keep the reference's names (`input_blocks.1.0.in_layers.2.weight`); only their layout differs
 * ({@link importOpenAiUnet}). With `patchSize` 2 or 4 squares of pixels become channels first, which makes a small
 * network several times cheaper; that is ours, not the reference's.
 *
 * @param options - see {@link AdmUnetConfig}
 * @throws OnestepError `invalid-model` listing every problem of the config; in `apply`, labels without classes,
 *   augmentation labels, and a second time without `secondTime`; TypeError if a network with it gets none
 * @remarks The reference feeds cNoise = 250 ln(sigma): pass `cNoise: 'openai'` to the preconditioning for its weights.
 * @see Dhariwal and Nichol 2021; Song et al. 2023, App. C; consistency_models `cm/unet.py`
 */
export function admUnet(options: AdmUnetOptions): PlannedNetwork<AdmUnetConfig> {
  const config = resolveAdmUnetConfig(options);
  const plan = planAdmUnet(config);
  const specs = admParamSpecs(plan);
  return {
    name: 'adm-unet',
    config,
    shape: config.shape,
    numClasses: config.numClasses,
    secondTime: config.secondTime,
    outputWeight: 'out.2.weight',
    paramSpecs: specs,
    paramShapes: shapesOf(specs),
    multiplyAddsPerImage: admMultiplyAdds(plan, specs),
    init: (rng) => initParams(specs, rng),
    apply(params, x, conditioning, options = {}) {
      checkInputs('admUnet', config, x, conditioning);
      return tf.tidy(() => forward(plan, params, x, { conditioning, options }));
    },
    dropoutSites: (batch) => dropoutSites(plan, batch),
  };
}

function forward(
  plan: AdmPlan,
  params: Params,
  x: Tensor,
  { conditioning, options }: { readonly conditioning: Conditioning; readonly options: ApplyOptions },
): Tensor {
  const { config, head } = plan;
  const embedding = noiseEmbedding(params, conditioning, {
    sinusoids: config.modelChannels,
    scale: config.embeddingScale,
  });
  const run = (stage: AdmStage, [first, ...skips]: readonly Tensor[]): Tensor =>
    stage.layers.reduce<Tensor>((y, layer, i) => applyLayer(layer, i === 0 ? [y, ...skips] : [y]), first);
  const applyLayer = (layer: AdmLayer, inputs: readonly Tensor[]): Tensor => {
    const { name } = layer;
    switch (layer.kind) {
      case 'residual':
        return runConditionedBlock(
          (own, y, given) => residualBlock(own, layer, y, { config, embedding: given, masks: conditioning.dropout }),
          { params, name, options, embedding, inputs },
        );
      case 'attention': {
        const groups = groupsOf(layer.outChannels, config);
        const epsilon = config.groupNormEpsilon;
        return runBlock((own, [y]) => attention(own, name, y, { heads: layer.heads, groups, epsilon }), {
          params,
          name,
          options,
          inputs,
        });
      }
      default:
        return tf.tidy(() => plainLayer(params, layer, inputs[0]));
    }
  };

  const skips: Tensor[] = [];
  let y = toPatches(x, config.patchSize);
  for (const stage of plan.inputs) {
    y = run(stage, [y]);
    skips.push(y);
  }
  y = run(plan.middle, [y]);
  for (const stage of plan.outputs) {
    const skip = skips.pop();
    y = run(stage, skip === undefined ? [y] : [y, skip]);
  }
  const groups = groupsOf(head.inChannels, config);
  const normed = silu(groupNorm(params, 'out.0', y, { groups, epsilon: config.groupNormEpsilon }));
  return fromPatches(conv(params, 'out.2', normed), config.patchSize);
}

/** The layers whose only activation is what enters them. */
function plainLayer(
  params: Params,
  layer: Exclude<AdmLayer, { readonly kind: 'residual' | 'attention' }>,
  y: Tensor,
): Tensor {
  switch (layer.kind) {
    case 'conv':
      return conv(params, layer.name, y);
    case 'downsample':
      return layer.hasConv ? conv(params, `${layer.name}.op`, y, 2) : averagePool(y);
    case 'upsample':
      return layer.hasConv ? conv(params, `${layer.name}.conv`, upsampleNearest(y)) : upsampleNearest(y);
  }
}

function dropoutSites(plan: AdmPlan, batch: number): Record<string, readonly number[]> {
  if (plan.config.dropout === 0) return {};
  return Object.fromEntries(
    admLayers(plan)
      .filter((layer) => layer.kind === 'residual')
      .map(({ name, height, width, outChannels }) => [dropoutSite(name), [batch, height, width, outChannels]]),
  );
}
