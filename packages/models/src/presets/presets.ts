import type { AdmUnetOptions } from '../adm/config';
import type { MlpOptions } from '../mlp/mlp';

/** An architecture with a config, as in model files. */
export type NetworkRecord =
  | { readonly name: 'adm-unet'; readonly config: AdmUnetOptions }
  | { readonly name: 'mlp'; readonly config: MlpOptions };

/**
 * Small networks for CPUs. Costs are one image's forward pass.
 *
 * | preset | images | grids | parameters | GFLOP |
 * |---|---|---|---|---|
 * | `mnist-tiny` | 28 x 28 x 1 | 14, 7 | 0.71 M | 0.086 |
 * | `mnist-small` | 28 x 28 x 1 | 14, 7 | 2.32 M | 0.285 |
 * | `mnist-base` | 28 x 28 x 1 | 28, 14, 7 | 1.74 M | 0.555 |
 * | `cifar-small` | 32 x 32 x 3 | 16, 8 | 4.13 M | 0.665 |
 * | `engine-benchmark` | 28 x 28 x 1 | 28, 14, 7 | 1.54 M | 0.543 |
 * | `mixture-mlp` | points in the plane | | 0.04 M | 0.0001 |
 */
export const presets = {
  'mnist-tiny': {
    name: 'adm-unet',
    config: {
      shape: [28, 28, 1],
      patchSize: 2,
      modelChannels: 32,
      channelMultipliers: [1, 2],
      numResBlocks: 1,
      attentionResolutions: [2],
      numHeadChannels: 32,
      convResample: false,
      groupNormMinChannels: 4,
    },
  },
  'mnist-small': {
    name: 'adm-unet',
    config: {
      shape: [28, 28, 1],
      patchSize: 2,
      modelChannels: 48,
      channelMultipliers: [1, 2],
      numResBlocks: 2,
      attentionResolutions: [2],
      numHeadChannels: 48,
      convResample: false,
      groupNormMinChannels: 4,
    },
  },
  'mnist-base': {
    name: 'adm-unet',
    config: {
      shape: [28, 28, 1],
      modelChannels: 32,
      channelMultipliers: [1, 2, 2],
      numResBlocks: 2,
      attentionResolutions: [4],
      numHeadChannels: 32,
      groupNormMinChannels: 4,
    },
  },
  'cifar-small': {
    name: 'adm-unet',
    config: {
      shape: [32, 32, 3],
      patchSize: 2,
      modelChannels: 64,
      channelMultipliers: [1, 2],
      numResBlocks: 2,
      attentionResolutions: [2],
      numHeadChannels: 64,
      convResample: false,
      groupNormMinChannels: 4,
    },
  },
  'engine-benchmark': {
    name: 'adm-unet',
    config: {
      shape: [28, 28, 1],
      modelChannels: 32,
      channelMultipliers: [1, 2, 2],
      numResBlocks: 2,
      scaleShiftNorm: false,
      groupNormMinChannels: 4,
    },
  },
  'mixture-mlp': { name: 'mlp', config: { shape: [2], hiddenChannels: 64, numBlocks: 3 } },
} as const satisfies Record<string, NetworkRecord>;

/** Name of a preset. */
export type PresetName = keyof typeof presets;

/** All presets. */
export const presetNames: readonly PresetName[] = Object.keys(presets) as PresetName[];
