// DDPM++ and NCSN++ laid out as data. Source: Song et al. 2021, "Score-based generative modeling through SDEs", in the
// form of Karras et al. 2022 (NVlabs/edm, SongUNet).

import type { SongUnetConfig } from './config';

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
export type SongLayer =
  | (LayerBase & { readonly kind: 'conv' })
  | (LayerBase & {
      readonly kind: 'block';
      readonly resample: 'none' | 'up' | 'down';
      readonly hasAttention: boolean;
      /** Whether the last kept output of the encoder is appended to its input. */
      readonly takesSkip: boolean;
    })
  /** The pyramid's next level, the filtered image, through a 1 x 1 convolution, is added to the encoder's output. */
  | (LayerBase & { readonly kind: 'pyramid-skip'; readonly filterName: string })
  /** The pyramid's next level, filtered after a 3 x 3 convolution, is averaged with the encoder's output and replaced by it. */
  | (LayerBase & { readonly kind: 'pyramid-residual' })
  /** Norm, SiLU and 3 x 3 convolution to the output, added to the lower level's if there is one. */
  | (LayerBase & { readonly kind: 'output'; readonly upsamples: boolean });

/** A residual block of the network. */
export type SongBlock = SongLayer & { readonly kind: 'block' };

/** The whole network as data: parameters, their start, the forward pass, its cost and its file form derive from it. */
export interface SongPlan {
  readonly config: SongUnetConfig;
  /** Sinusoids of the noise embedding. */
  readonly noiseChannels: number;
  /** Width of the embedding that every residual block projects. */
  readonly embeddingChannels: number;
  readonly encoder: readonly SongLayer[];
  readonly decoder: readonly SongLayer[];
  /** Name of the weight of the last convolution. */
  readonly outputWeight: string;
}

/** Lays out the network of a config. */
export function planSongUnet(config: SongUnetConfig): SongPlan {
  const { modelChannels, noiseMultiplier, embeddingMultiplier } = config;
  const encoder = planEncoder(config);
  const decoder = planDecoder(config, encoder);
  return {
    config,
    noiseChannels: modelChannels * noiseMultiplier,
    embeddingChannels: modelChannels * embeddingMultiplier,
    encoder,
    decoder,
    outputWeight: `${decoder[decoder.length - 1].name}_conv.weight`,
  };
}

/** All layers in the order of the forward pass. */
export function songLayers(plan: SongPlan): SongLayer[] {
  return [...plan.encoder, ...plan.decoder];
}

/** Grid and name of a level. */
function levelOf(config: SongUnetConfig, level: number): { height: number; width: number; grid: string } {
  const height = config.shape[0] / 2 ** level;
  const width = config.shape[1] / 2 ** level;
  return { height, width, grid: `${height}x${width}` };
}

function planEncoder(config: SongUnetConfig): SongLayer[] {
  const { modelChannels, channelMultipliers, numResBlocks, attentionResolutions } = config;
  const layers: SongLayer[] = [];
  let channels = config.shape[2];
  let pyramidChannels = channels;
  channelMultipliers.forEach((multiplier, level) => {
    const { grid, ...sides } = levelOf(config, level);
    const to = (outChannels: number): Omit<LayerBase, 'name'> => {
      const inChannels = channels;
      channels = outChannels;
      return { inChannels, outChannels, ...sides };
    };
    const block = { kind: 'block', takesSkip: false } as const;
    if (level === 0) {
      layers.push({ kind: 'conv', name: `enc.${grid}_conv`, ...to(modelChannels) });
    } else {
      layers.push({ ...block, name: `enc.${grid}_down`, resample: 'down', hasAttention: false, ...to(channels) });
      const pyramid = { inChannels: pyramidChannels, outChannels: channels, ...sides };
      if (config.encoder === 'skip') {
        const filterName = `enc.${grid}_aux_down`;
        layers.push({ kind: 'pyramid-skip', name: `enc.${grid}_aux_skip`, filterName, ...pyramid });
      }
      if (config.encoder === 'residual') {
        layers.push({ kind: 'pyramid-residual', name: `enc.${grid}_aux_residual`, ...pyramid });
        pyramidChannels = channels;
      }
    }
    const hasAttention = attentionResolutions.includes(2 ** level);
    for (let i = 0; i < numResBlocks; i += 1) {
      const name = `enc.${grid}_block${i}`;
      layers.push({ ...block, name, resample: 'none', hasAttention, ...to(modelChannels * multiplier) });
    }
  });
  return layers;
}

function planDecoder(config: SongUnetConfig, encoder: readonly SongLayer[]): SongLayer[] {
  const { modelChannels, channelMultipliers, numResBlocks, attentionResolutions, outChannels } = config;
  const skips = encoder.filter(({ kind }) => kind === 'conv' || kind === 'block').map((layer) => layer.outChannels);
  const lowest = channelMultipliers.length - 1;
  const layers: SongLayer[] = [];
  let channels = channelMultipliers[lowest] * modelChannels;
  for (let level = lowest; level >= 0; level -= 1) {
    const { grid, ...sides } = levelOf(config, level);
    const same = { kind: 'block', takesSkip: false, inChannels: channels, outChannels: channels, ...sides } as const;
    if (level === lowest) {
      layers.push({ ...same, name: `dec.${grid}_in0`, resample: 'none', hasAttention: true });
      layers.push({ ...same, name: `dec.${grid}_in1`, resample: 'none', hasAttention: false });
    } else {
      layers.push({ ...same, name: `dec.${grid}_up`, resample: 'up', hasAttention: false });
    }
    for (let i = 0; i <= numResBlocks; i += 1) {
      const inChannels = channels + (skips.pop() ?? 0);
      channels = modelChannels * channelMultipliers[level];
      const hasAttention = i === numResBlocks && attentionResolutions.includes(2 ** level);
      const name = `dec.${grid}_block${i}`;
      const widths = { inChannels, outChannels: channels, ...sides };
      layers.push({ kind: 'block', name, resample: 'none', hasAttention, takesSkip: true, ...widths });
    }
    if (level === 0 || config.decoder === 'skip') {
      const upsamples = config.decoder === 'skip' && level < lowest;
      layers.push({ kind: 'output', name: `dec.${grid}_aux`, upsamples, inChannels: channels, outChannels, ...sides });
    }
  }
  return layers;
}
