import { OnestepError } from '@onestep/tensor';
import { headsOf, levelChannels, type AdmUnetConfig } from './config';

interface LayerBase {
  /** Prefix of the layer's parameters, the reference's own. */
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Sides of the output. */
  readonly height: number;
  readonly width: number;
}

/** One layer of the network as data. */
export type AdmLayer =
  | (LayerBase & { readonly kind: 'conv' })
  | (LayerBase & { readonly kind: 'residual'; readonly resample: 'none' | 'up' | 'down' })
  | (LayerBase & { readonly kind: 'attention'; readonly heads: number })
  | (LayerBase & { readonly kind: 'downsample'; readonly hasConv: boolean })
  | (LayerBase & { readonly kind: 'upsample'; readonly hasConv: boolean });

/** Layers run one after another; after an input stage its output is kept, before an output stage one is taken back. */
export interface AdmStage {
  /** For example `input_blocks.3`. */
  readonly name: string;
  /** Level of the blocks, 0 = full grid. */
  readonly level: number;
  readonly layers: readonly AdmLayer[];
}

/** The whole network as data: parameters, their start, the forward pass, its cost and name maps all derive from it. */
export interface AdmPlan {
  readonly config: AdmUnetConfig;
  /** Width of the embedding that every residual block projects. */
  readonly embeddingChannels: number;
  readonly inputs: readonly AdmStage[];
  readonly middle: AdmStage;
  readonly outputs: readonly AdmStage[];
  /** The last convolution, after norm and SiLU. */
  readonly head: LayerBase;
}

interface Cursor {
  channels: number;
  height: number;
  width: number;
}

/**
 * Lays out the network of a config.
 *
 * @throws OnestepError `invalid-model` where heads do not divide an attention block's channels
 */
export function planAdmUnet(config: AdmUnetConfig): AdmPlan {
  const { patchSize, modelChannels, channelMultipliers, numResBlocks } = config;
  const [height, width, imageChannels] = config.shape;
  const depth = imageChannels * patchSize * patchSize;
  const lastLevel = channelMultipliers.length - 1;
  const at: Cursor = { channels: depth, height: height / patchSize, width: width / patchSize };
  const inputs: AdmStage[] = [];
  const outputs: AdmStage[] = [];
  const skips: number[] = [];
  const widthOf = (level: number): number => levelChannels(level, config);

  const addInput = (level: number, layers: (name: string) => AdmLayer[]): void => {
    const name = `input_blocks.${inputs.length}`;
    inputs.push({ name, level, layers: layers(name) });
    skips.push(at.channels);
  };

  addInput(0, (name) => [{ kind: 'conv', ...move(at, `${name}.0`, widthOf(0)) }]);
  for (let level = 0; level <= lastLevel; level += 1) {
    for (let block = 0; block < numResBlocks; block += 1) {
      addInput(level, (name) => blockLayers(config, at, { name, level, channels: widthOf(level), goingUp: false }));
    }
    if (level < lastLevel) addInput(level, (name) => [resampling(config, at, `${name}.0`, 'down')]);
  }

  const middle: AdmStage = {
    name: 'middle_block',
    level: lastLevel,
    layers: [
      { kind: 'residual', resample: 'none', ...move(at, 'middle_block.0', at.channels) },
      { kind: 'attention', heads: headsOf(at.channels, config, false), ...move(at, 'middle_block.1', at.channels) },
      { kind: 'residual', resample: 'none', ...move(at, 'middle_block.2', at.channels) },
    ],
  };

  for (let level = lastLevel; level >= 0; level -= 1) {
    for (let block = 0; block <= numResBlocks; block += 1) {
      const name = `output_blocks.${outputs.length}`;
      at.channels += skips.pop() ?? 0;
      const layers = blockLayers(config, at, { name, level, channels: widthOf(level), goingUp: true });
      if (level > 0 && block === numResBlocks) layers.push(resampling(config, at, `${name}.${layers.length}`, 'up'));
      outputs.push({ name, level, layers });
    }
  }

  const head = move(at, 'out', config.outChannels * patchSize * patchSize);
  const plan = { config, embeddingChannels: 4 * modelChannels, inputs, middle, outputs, head };
  checkHeads(plan);
  return plan;
}

/** All layers in the order of the forward pass, without the head. */
export function admLayers(plan: AdmPlan): AdmLayer[] {
  return [...plan.inputs, plan.middle, ...plan.outputs].flatMap((stage) => stage.layers);
}

function move(at: Cursor, name: string, outChannels: number, factor = 1): LayerBase {
  const inChannels = at.channels;
  Object.assign(at, { channels: outChannels, height: at.height * factor, width: at.width * factor });
  return { name, inChannels, outChannels, height: at.height, width: at.width };
}

function blockLayers(
  config: AdmUnetConfig,
  at: Cursor,
  block: { readonly name: string; readonly level: number; readonly channels: number; readonly goingUp: boolean },
): AdmLayer[] {
  const { name, level, channels, goingUp } = block;
  const layers: AdmLayer[] = [{ kind: 'residual', resample: 'none', ...move(at, `${name}.0`, channels) }];
  if (config.attentionResolutions.includes(2 ** level)) {
    const heads = headsOf(channels, config, goingUp);
    layers.push({ kind: 'attention', heads, ...move(at, `${name}.1`, channels) });
  }
  return layers;
}

function resampling(config: AdmUnetConfig, at: Cursor, name: string, direction: 'up' | 'down'): AdmLayer {
  const base = move(at, name, at.channels, direction === 'up' ? 2 : 0.5);
  if (config.resblockUpDown) return { kind: 'residual', resample: direction, ...base };
  return { kind: direction === 'up' ? 'upsample' : 'downsample', hasConv: config.convResample, ...base };
}

function checkHeads(plan: AdmPlan): void {
  const problems = admLayers(plan)
    .filter((layer) => layer.kind === 'attention')
    .filter(({ heads, outChannels }) => heads < 1 || outChannels % heads !== 0)
    .map(({ name, heads, outChannels }) => `"${name}": ${outChannels} channels cannot be split into ${heads} heads.`);
  if (problems.length > 0) {
    const hint = 'Change modelChannels, numHeads or numHeadChannels.';
    throw new OnestepError('invalid-model', `admUnet: ${problems.join(' ')} ${hint}`, { details: { problems } });
  }
}
