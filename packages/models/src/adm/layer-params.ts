import { attentionMultiplyAdds, attentionParams } from '../layers/attention';
import { convParams } from '../layers/conv';
import { groupNormParams } from '../layers/group-norm';
import { noiseEmbeddingParams, projectionParams } from '../layers/noise-embedding';
import type { ParamSpec } from '../params/param-spec';
import { weightMultiplyAdds } from '../params/planned-network';
import { admLayers, type AdmLayer, type AdmPlan } from './plan';
import { projectionNames } from './residual-block';

/** Every parameter of the network, in the order of the layers. */
export function admParamSpecs(plan: AdmPlan): ParamSpec[] {
  const { config, head } = plan;
  const zero = config.init === 'reference';
  return [
    ...noiseEmbeddingParams({
      sinusoids: config.modelChannels,
      width: plan.embeddingChannels,
      numClasses: config.numClasses,
      secondTime: config.secondTime,
    }),
    ...admLayers(plan).flatMap((layer) => layerParams(plan, layer)),
    ...groupNormParams('out.0', head.inChannels),
    ...convParams('out.2', { ...weightOptions(head), kernelSize: 3, zero }),
  ];
}

/** Multiply-adds of one image's forward pass. */
export function admMultiplyAdds(plan: AdmPlan, specs: readonly ParamSpec[]): number {
  return admLayers(plan)
    .filter((layer) => layer.kind === 'attention')
    .reduce(
      (sum, { outChannels, height, width }) => sum + attentionMultiplyAdds(outChannels, height * width),
      weightMultiplyAdds(specs),
    );
}

function layerParams(plan: AdmPlan, layer: AdmLayer): ParamSpec[] {
  const { name, inChannels, outChannels } = layer;
  const options = weightOptions(layer);
  const zero = plan.config.init === 'reference';
  switch (layer.kind) {
    case 'conv':
      return convParams(name, { ...options, kernelSize: 3 });
    case 'downsample':
      return layer.hasConv ? convParams(`${name}.op`, { ...options, kernelSize: 3 }) : [];
    case 'upsample':
      return layer.hasConv ? convParams(`${name}.conv`, { ...options, kernelSize: 3 }) : [];
    case 'attention':
      return attentionParams(name, { channels: outChannels, positions: options.positions, zero });
    case 'residual':
      return [
        ...groupNormParams(`${name}.in_layers.0`, inChannels),
        ...convParams(`${name}.in_layers.2`, { ...options, kernelSize: 3 }),
        ...projectionParams(projectionNames(name), {
          inChannels: plan.embeddingChannels,
          outChannels: plan.config.scaleShiftNorm ? 2 * outChannels : outChannels,
          secondTime: plan.config.secondTime,
        }),
        ...groupNormParams(`${name}.out_layers.0`, outChannels),
        ...convParams(`${name}.out_layers.3`, { ...options, inChannels: outChannels, kernelSize: 3, zero }),
        ...(inChannels === outChannels ? [] : convParams(`${name}.skip_connection`, { ...options, kernelSize: 1 })),
      ];
  }
}

function weightOptions(layer: Pick<AdmLayer, 'inChannels' | 'outChannels' | 'height' | 'width'>): {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly positions: number;
} {
  const { inChannels, outChannels, height, width } = layer;
  return { inChannels, outChannels, positions: height * width };
}
