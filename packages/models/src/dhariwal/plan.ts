import { layOutUnet, type UnetBlock, type UnetLayers } from '../internal/unet-blocks';
import type { DhariwalUnetConfig } from './config';

/** A residual block with the attention behind it. */
export type DhariwalBlock = UnetBlock;

/** The whole network as data: parameters, their start, the forward pass and its cost derive from it. */
export interface DhariwalPlan extends UnetLayers {
  readonly config: DhariwalUnetConfig;
  /** Width of the embedding that every block projects. */
  readonly embeddingChannels: number;
}

/**
 * Lays out the network of a config. Names of blocks say the grid, height before width.
 *
 * @throws OnestepError `invalid-model` where heads do not divide an attention block's channels
 */
export function planDhariwalUnet(config: DhariwalUnetConfig): DhariwalPlan {
  const layers = layOutUnet('dhariwalUnet', config);
  return { config, embeddingChannels: config.embeddingMultiplier * config.modelChannels, ...layers };
}

/** All blocks in the order of the forward pass. */
export function dhariwalBlocks({ encoder, decoder }: DhariwalPlan): readonly DhariwalBlock[] {
  return [...encoder, ...decoder];
}
