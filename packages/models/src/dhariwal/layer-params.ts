import type { HostTensor } from '@onestep/tensor';
import { attentionMultiplyAdds } from '../layers/attention';
import { convParams } from '../layers/conv';
import { edmAttentionParams, type LayerInit } from '../layers/edm-attention';
import { groupNormParams } from '../layers/group-norm';
import { linearParams } from '../layers/linear';
import { projectionParams } from '../layers/noise-embedding';
import { filterKernel } from '../layers/resample-filter';
import type { ParamInit, ParamSpec } from '../params/param-spec';
import { weightMultiplyAdds } from '../params/planned-network';
import { projectionNames } from './block';
import { dhariwalBlocks, type DhariwalBlock, type DhariwalPlan } from './plan';

const zeros: ParamInit = { kind: 'constant', value: 0 };

/**
 * Every parameter of the network, in the order of the layers. Weights and biases start in U(-1/sqrt(fanIn),
 * 1/sqrt(fanIn)), class vectors in N(0, 1), the last layers of blocks and of the network, and augmentation labels, at 0.
 */
export function dhariwalParamSpecs(plan: DhariwalPlan): ParamSpec[] {
  const { stem, head } = plan;
  const zero = plan.config.init === 'reference';
  const conv = (layer: typeof stem, isZero: boolean): ParamSpec[] =>
    convParams(layer.name, { ...layer, positions: layer.height * layer.width, kernelSize: 3, zero: isZero });
  return [
    ...embeddingParams(plan),
    ...conv(stem, false),
    ...dhariwalBlocks(plan).flatMap((block) => blockParams(plan, block)),
    ...groupNormParams('out_norm', head.inChannels),
    ...conv(head, zero),
  ];
}

/** Fixed tensors of the reference's files: the 2 x 2 mean of every block that changes the grid. */
export function dhariwalConstants(plan: DhariwalPlan): Record<string, HostTensor> {
  const { shape, data } = filterKernel([1, 1]);
  const names = dhariwalBlocks(plan)
    .filter(({ resample }) => resample !== 'none')
    .flatMap(({ name }) => [`${name}.conv0`, `${name}.skip`]);
  return Object.fromEntries(
    names.map((name) => [`${name}.resample_filter`, { dtype: 'float32', shape: [...shape], data }]),
  );
}

/** Multiply-adds of one image's forward pass. */
export function dhariwalMultiplyAdds(plan: DhariwalPlan, specs: readonly ParamSpec[]): number {
  return dhariwalBlocks(plan)
    .filter(({ heads }) => heads > 0)
    .reduce(
      (sum, { outChannels, height, width }) => sum + attentionMultiplyAdds(outChannels, height * width),
      weightMultiplyAdds(specs),
    );
}

function embeddingParams({ config, embeddingChannels: width }: DhariwalPlan): ParamSpec[] {
  const { modelChannels, numClasses, augmentChannels, secondTime } = config;
  const unbiased = (name: string, shape: readonly number[], init: ParamInit): ParamSpec[] =>
    shape[0] === 0 ? [] : [{ name: `${name}.weight`, shape, layout: 'linear', init, positions: 1 }];
  const twoLayers = (suffix: string): ParamSpec[] => [
    ...linearParams(`map_layer0${suffix}`, { inChannels: modelChannels, outChannels: width }),
    ...linearParams(`map_layer1${suffix}`, { inChannels: width, outChannels: width }),
  ];
  const augment: ParamInit =
    config.init === 'reference' ? zeros : { kind: 'uniform', bound: 1 / Math.sqrt(augmentChannels) };
  return [
    ...unbiased('map_augment', [augmentChannels, modelChannels], augment),
    ...twoLayers(''),
    ...unbiased('map_label', [numClasses, width], { kind: 'normal' }),
    ...(secondTime ? twoLayers('_s') : []),
  ];
}

function blockParams({ config, embeddingChannels }: DhariwalPlan, block: DhariwalBlock): ParamSpec[] {
  const { name, inChannels, outChannels, height, width, heads } = block;
  const positions = height * width;
  const zero = config.init === 'reference';
  const law: ParamInit = { kind: 'uniform', bound: 1 / Math.sqrt(outChannels) };
  const both = (init: ParamInit): LayerInit => ({ weight: init, bias: init });
  return [
    ...groupNormParams(`${name}.norm0`, inChannels),
    ...convParams(`${name}.conv0`, { inChannels, outChannels, positions, kernelSize: 3 }),
    ...projectionParams(projectionNames(name), {
      inChannels: embeddingChannels,
      outChannels: 2 * outChannels,
      secondTime: config.secondTime,
    }),
    ...groupNormParams(`${name}.norm1`, outChannels),
    ...convParams(`${name}.conv1`, { inChannels: outChannels, outChannels, positions, kernelSize: 3, zero }),
    ...(inChannels === outChannels
      ? []
      : convParams(`${name}.skip`, { inChannels, outChannels, positions, kernelSize: 1 })),
    ...(heads === 0
      ? []
      : edmAttentionParams(name, {
          channels: outChannels,
          positions,
          qkv: both(law),
          proj: both(zero ? zeros : law),
        })),
  ];
}
