// The parameters of DDPM++ and NCSN++ and how they start. Source: Song et al. 2021, "Score-based generative modeling through SDEs", in the
// form of Karras et al. 2022 (NVlabs/edm, SongUNet).

import type { HostTensor } from '@onestep/tensor';
import { attentionMultiplyAdds } from '../layers/attention';
import { convParams } from '../layers/conv';
import { edmAttentionParams } from '../layers/edm-attention';
import { groupNormParams } from '../layers/group-norm';
import { linearParams } from '../layers/linear';
import { projectionParams } from '../layers/noise-embedding';
import { filterKernel, filterMargin } from '../layers/resample-filter';
import type { ParamSpec } from '../params/param-spec';
import { weightMultiplyAdds } from '../params/planned-network';
import { xavier, xavierInit } from '../params/xavier';
import { fourierFrequencies } from './embedding';
import { songLayers, type SongBlock, type SongLayer, type SongPlan } from './plan';
import { projectionNames } from './residual-block';

/** Gain of the layers that close a block or the network, which so starts close to a sum of its skips. */
const closingGain = 1e-5;
const attentionGain = Math.sqrt(0.2);

/** Every trained parameter of the network, in the order of the layers. */
export function songParamSpecs(plan: SongPlan): ParamSpec[] {
  return [...mappingParams(plan), ...songLayers(plan).flatMap((layer) => layerParams(plan, layer))];
}

/** Fixed tensors that a file of the reference holds beside them, channels first: resampling filters and frequencies. */
export function songConstants(plan: SongPlan): Record<string, HostTensor> {
  const { shape, data } = filterKernel(plan.config.resampleFilter);
  const filter: HostTensor = { dtype: 'float32', shape: [...shape], data };
  const names = songLayers(plan).flatMap((layer) => {
    switch (layer.kind) {
      case 'block':
        return layer.resample === 'none' ? [] : [`${layer.name}.conv0`, `${layer.name}.skip`];
      case 'pyramid-skip':
        return [layer.filterName];
      case 'pyramid-residual':
        return [layer.name];
      case 'output':
        return layer.upsamples ? [`${layer.name}_up`] : [];
      case 'conv':
        return [];
    }
  });
  const frequencies = fourierFrequencies(plan.config);
  return {
    ...Object.fromEntries(names.map((name) => [`${name}.resample_filter`, filter])),
    ...(frequencies && {
      'map_noise.freqs': { dtype: 'float32', shape: [frequencies.length], data: frequencies },
    }),
  };
}

/** Multiply-adds of one image's forward pass; the resampling filters are sums and not counted. */
export function songMultiplyAdds(plan: SongPlan, specs: readonly ParamSpec[]): number {
  return songLayers(plan)
    .filter((layer) => layer.kind === 'block' && layer.hasAttention)
    .reduce(
      (sum, { outChannels, height, width }) => sum + attentionMultiplyAdds(outChannels, height * width),
      weightMultiplyAdds(specs),
    );
}

function mappingParams({ config, noiseChannels, embeddingChannels }: SongPlan): ParamSpec[] {
  const { numClasses, augmentChannels, secondTime } = config;
  const layer = (name: string, inChannels: number, outChannels: number): ParamSpec[] =>
    xavier(linearParams(name, { inChannels, outChannels }));
  const withoutBias = (specs: readonly ParamSpec[]): ParamSpec[] => specs.filter(({ shape }) => shape.length > 1);
  const mlp = (suffix: string): ParamSpec[] => [
    ...layer(`map_layer0${suffix}`, noiseChannels, embeddingChannels),
    ...layer(`map_layer1${suffix}`, embeddingChannels, embeddingChannels),
  ];
  return [
    ...(numClasses > 0 ? layer('map_label', numClasses, noiseChannels) : []),
    ...(augmentChannels > 0 ? withoutBias(layer('map_augment', augmentChannels, noiseChannels)) : []),
    ...mlp(''),
    ...(secondTime ? mlp('_s') : []),
  ];
}

function layerParams(plan: SongPlan, layer: SongLayer): ParamSpec[] {
  const { config } = plan;
  const { name, inChannels, outChannels, height, width } = layer;
  const options = { inChannels, outChannels, positions: height * width };
  switch (layer.kind) {
    case 'conv':
      return xavier(convParams(name, { ...options, kernelSize: 3 }));
    case 'block':
      return blockParams(plan, layer);
    case 'pyramid-skip':
      return xavier(convParams(name, { ...options, kernelSize: 1 }));
    case 'pyramid-residual': {
      // The convolution comes before the grid is halved, and covers the filter's margin.
      const margin = filterMargin(config.resampleFilter);
      const positions = 4 * (height + margin) * (width + margin);
      return xavier(convParams(name, { ...options, positions, kernelSize: 3 }));
    }
    case 'output':
      return [
        ...groupNormParams(`${name}_norm`, inChannels),
        ...xavier(convParams(`${name}_conv`, { ...options, kernelSize: 3 }), gainOf(plan)),
      ];
  }
}

function blockParams(plan: SongPlan, layer: SongBlock): ParamSpec[] {
  const { config, embeddingChannels } = plan;
  const { name, inChannels, outChannels, height, width, resample } = layer;
  const positions = height * width;
  const options = { inChannels, outChannels, positions };
  const hasSkip = inChannels !== outChannels || resample !== 'none';
  // Going up, the 1 x 1 convolution runs on the small grid.
  const skipPositions = resample === 'up' ? positions / 4 : positions;
  const projection = {
    inChannels: embeddingChannels,
    outChannels: config.adaptiveScale ? 2 * outChannels : outChannels,
    secondTime: config.secondTime,
  };
  return [
    ...groupNormParams(`${name}.norm0`, inChannels),
    ...xavier(convParams(`${name}.conv0`, { ...options, kernelSize: 3 })),
    ...xavier(projectionParams(projectionNames(name), projection)),
    ...groupNormParams(`${name}.norm1`, outChannels),
    ...xavier(convParams(`${name}.conv1`, { ...options, inChannels: outChannels, kernelSize: 3 }), gainOf(plan)),
    ...(hasSkip ? xavier(convParams(`${name}.skip`, { ...options, positions: skipPositions, kernelSize: 1 })) : []),
    ...(layer.hasAttention
      ? edmAttentionParams(name, {
          channels: outChannels,
          positions,
          qkv: xavierInit(outChannels, 3 * outChannels, attentionGain),
          proj: xavierInit(outChannels, outChannels, gainOf(plan)),
        })
      : []),
  ];
}

function gainOf({ config }: SongPlan): number {
  return config.init === 'reference' ? closingGain : 1;
}
