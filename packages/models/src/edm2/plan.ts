import { layOutUnet, type UnetBlock, type UnetLayer } from '../internal/unet-blocks';
import type { Edm2UnetConfig } from './config';
import { fourierFeatures, type FourierFeatures } from './embedding';

/** A residual block with the attention behind it. */
export interface Edm2Block extends UnetBlock {
  /** An encoder's block normalises its input and acts on that; a decoder's acts on its input as it is. */
  readonly half: 'encoder' | 'decoder';
  /** Whether the block has dropout where the network has any. */
  readonly drops: boolean;
}

/** The whole network as data: parameters, their start, the forward pass and its cost derive from it. */
export interface Edm2Plan {
  readonly config: Edm2UnetConfig;
  /** Number of Fourier features of the noise level, and the features. */
  readonly noiseChannels: number;
  readonly features: FourierFeatures;
  /** Width of the embedding that every block projects. */
  readonly embeddingChannels: number;
  /** The first convolution, which sees the image and a channel of ones. */
  readonly stem: UnetLayer;
  readonly encoder: readonly Edm2Block[];
  readonly decoder: readonly Edm2Block[];
  /** The last convolution. */
  readonly head: UnetLayer;
}

/**
 * Lays out the network of a config. Names of blocks say the grid, height before width.
 *
 * @throws OnestepError `invalid-model` where heads do not divide an attention block's channels
 */
export function planEdm2Unet(config: Edm2UnetConfig): Edm2Plan {
  const { stem, encoder, decoder, head } = layOutUnet('edm2Unet', config);
  const { modelChannels, noiseMultiplier, embeddingMultiplier, dropoutResolutions } = config;
  const inHalf =
    (half: Edm2Block['half']) =>
    (block: UnetBlock): Edm2Block => ({
      ...block,
      half,
      drops: dropoutResolutions.includes(config.shape[0] / block.height),
    });
  return {
    config,
    noiseChannels: modelChannels * noiseMultiplier,
    features: fourierFeatures(config),
    embeddingChannels: modelChannels * embeddingMultiplier,
    stem: { ...stem, inChannels: stem.inChannels + 1 },
    encoder: encoder.map(inHalf('encoder')),
    decoder: decoder.map(inHalf('decoder')),
    head,
  };
}

/** All blocks in the order of the forward pass. */
export function edm2Blocks({ encoder, decoder }: Edm2Plan): readonly Edm2Block[] {
  return [...encoder, ...decoder];
}
