import type { HostTensor } from '@onestep/tensor';
import { attentionMultiplyAdds } from '../layers/attention';
import { mpAttentionParams } from '../layers/mp-attention';
import { gainParam, mpWeightParam } from '../layers/mp-weights';
import type { ParamSpec } from '../params/param-spec';
import { weightMultiplyAdds } from '../params/planned-network';
import { projectionNames } from './block';
import { edm2Blocks, type Edm2Block, type Edm2Plan } from './plan';

/** Every parameter of the network, in the order of the layers. Weights start in N(0, 1), gains at 0. */
export function edm2ParamSpecs(plan: Edm2Plan): ParamSpec[] {
  const { stem, head } = plan;
  const conv = (layer: typeof stem): ParamSpec =>
    mpWeightParam(layer.name, { ...layer, layout: 'conv', positions: layer.height * layer.width, kernelSize: 3 });
  return [
    ...embeddingParams(plan),
    conv(stem),
    ...edm2Blocks(plan).flatMap((block) => blockParams(plan, block)),
    conv(head),
    gainParam('out_gain', gainOf(plan)),
  ];
}

/** Fixed tensors of the reference's files: frequencies and phases of the noise level's features. */
export function edm2Constants({ features }: Edm2Plan): Record<string, HostTensor> {
  const { frequencies, phases } = features;
  const vector = (data: Float32Array): HostTensor => ({ dtype: 'float32', shape: [data.length], data });
  return { 'emb_fourier.freqs': vector(frequencies), 'emb_fourier.phases': vector(phases) };
}

/** Multiply-adds of one image's forward pass. */
export function edm2MultiplyAdds(plan: Edm2Plan, specs: readonly ParamSpec[]): number {
  return edm2Blocks(plan)
    .filter(({ heads }) => heads > 0)
    .reduce(
      (sum, { outChannels, height, width }) => sum + attentionMultiplyAdds(outChannels, height * width),
      weightMultiplyAdds(specs),
    );
}

function embeddingParams({ config, noiseChannels, embeddingChannels }: Edm2Plan): ParamSpec[] {
  const layer = (name: string, inChannels: number): ParamSpec =>
    mpWeightParam(name, { layout: 'linear', inChannels, outChannels: embeddingChannels, positions: 1 });
  return [
    layer('emb_noise', noiseChannels),
    ...(config.numClasses > 0 ? [layer('emb_label', config.numClasses)] : []),
    ...(config.secondTime ? [layer('emb_noise_s', noiseChannels)] : []),
  ];
}

function blockParams(plan: Edm2Plan, block: Edm2Block): ParamSpec[] {
  const { name, inChannels, outChannels, height, width, heads, half } = block;
  const positions = height * width;
  const conv = (part: string, from: number, kernelSize: number): ParamSpec =>
    mpWeightParam(`${name}.${part}`, { layout: 'conv', inChannels: from, outChannels, positions, kernelSize });
  const projections = projectionNames(name).slice(0, plan.config.secondTime ? 2 : 1);
  return [
    ...projections.map(({ gain }) => gainParam(gain, gainOf(plan))),
    conv('conv_res0', half === 'encoder' ? outChannels : inChannels, 3),
    ...projections.map(({ linear }) =>
      mpWeightParam(linear, { layout: 'linear', inChannels: plan.embeddingChannels, outChannels, positions: 1 }),
    ),
    conv('conv_res1', outChannels, 3),
    ...(inChannels === outChannels ? [] : [conv('conv_skip', inChannels, 1)]),
    ...(heads === 0 ? [] : mpAttentionParams(name, { channels: outChannels, positions })),
  ];
}

function gainOf({ config }: Edm2Plan): number {
  return config.init === 'reference' ? 0 : 1;
}
