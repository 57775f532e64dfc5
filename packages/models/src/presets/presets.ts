import type { AdmUnetOptions } from '../adm/config';
import type { DhariwalUnetOptions } from '../dhariwal/config';
import type { Edm2UnetOptions } from '../edm2/config';
import type { MlpOptions } from '../mlp/mlp';
import type { SongUnetOptions } from '../song/config';

/** An architecture with a config, as in model files. */
export type NetworkRecord =
  | { readonly name: 'adm-unet'; readonly config: AdmUnetOptions }
  | { readonly name: 'dhariwal-unet'; readonly config: DhariwalUnetOptions }
  | { readonly name: 'edm2-unet'; readonly config: Edm2UnetOptions }
  | { readonly name: 'mlp'; readonly config: MlpOptions }
  | { readonly name: 'song-unet'; readonly config: SongUnetOptions };

/** What EDM's two networks for CIFAR-10 share. */
const songCifar = {
  shape: [32, 32, 3],
  modelChannels: 128,
  channelMultipliers: [2, 2, 2],
  numResBlocks: 4,
  attentionResolutions: [2],
  dropout: 0.13,
  augmentChannels: 9,
} satisfies SongUnetOptions;

/** What EDM2's networks for ImageNet at 64 x 64 share. */
const edm2ImageNet64 = {
  shape: [64, 64, 3],
  channelMultipliers: [1, 2, 3, 4],
  numResBlocks: 3,
  attentionResolutions: [4, 8],
  numHeadChannels: 64,
  numClasses: 1000,
} satisfies Edm2UnetOptions;

/**
 * Small networks for CPUs, and the published ones of the papers. Costs are one image's forward pass.
 *
 * | preset | images | grids | parameters | GFLOP |
 * |---|---|---|---|---|
 * | `mnist-tiny` | 28 x 28 x 1 | 14, 7 | 0.71 M | 0.086 |
 * | `mnist-small` | 28 x 28 x 1 | 14, 7 | 2.32 M | 0.285 |
 * | `mnist-base` | 28 x 28 x 1 | 28, 14, 7 | 1.74 M | 0.555 |
 * | `cifar-small` | 32 x 32 x 3 | 16, 8 | 4.13 M | 0.665 |
 * | `engine-benchmark` | 28 x 28 x 1 | 28, 14, 7 | 1.54 M | 0.543 |
 * | `ddpmpp-small` | 28 x 28 x 1, or any up to 32 x 32 | 28, 14, 7 | 1.26 M | 0.460 |
 * | `ddpmpp-cifar` | 32 x 32 x 3 | 32, 16, 8 | 55.73 M | 42.3 |
 * | `ncsnpp-cifar` | 32 x 32 x 3 | 32, 16, 8 | 56.40 M | 42.7 |
 * | `adm-imagenet64` | 64 x 64 x 3 | 64, 32, 16, 8 | 295.90 M | 219.3 |
 * | `edm2-small` | 28 x 28 x 1, or any up to 32 x 32 | 28, 14, 7 | 1.20 M | 0.467 |
 * | `edm2-imagenet64-s` | 64 x 64 x 3 | 64, 32, 16, 8 | 280.21 M | 201.6 |
 * | `edm2-imagenet64-m` | 64 x 64 x 3 | 64, 32, 16, 8 | 497.80 M | 357.9 |
 * | `edm2-imagenet64-l` | 64 x 64 x 3 | 64, 32, 16, 8 | 777.49 M | 558.6 |
 * | `edm2-imagenet64-xl` | 64 x 64 x 3 | 64, 32, 16, 8 | 1119.28 M | 803.9 |
 * | `mixture-mlp` | points in the plane | | 0.04 M | 0.0001 |
 * | `mixture-mlp-16d` | points in 16 dimensions | | 0.22 M | 0.0004 |
 *
 * `ddpmpp-cifar` and `ncsnpp-cifar` are those of Song et al. 2021 as Karras et al. 2022 train them, with the 9 inputs of
 * their augmentation, which may be left out; `adm-imagenet64` is that of Dhariwal and Nichol 2021 in the same code, with
 * 1000 classes; `edm2-imagenet64-*` are those of Karras et al. 2024, with 1000 classes and the dropout of their training.
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
  'ddpmpp-small': {
    name: 'song-unet',
    config: {
      shape: [28, 28, 1],
      modelChannels: 32,
      channelMultipliers: [1, 2, 2],
      numResBlocks: 1,
      attentionResolutions: [4],
    },
  },
  'ddpmpp-cifar': {
    name: 'song-unet',
    config: songCifar,
  },
  'ncsnpp-cifar': {
    name: 'song-unet',
    config: {
      ...songCifar,
      embedding: 'fourier',
      noiseMultiplier: 2,
      encoder: 'residual',
      resampleFilter: [1, 3, 3, 1],
    },
  },
  'adm-imagenet64': {
    name: 'dhariwal-unet',
    config: {
      shape: [64, 64, 3],
      modelChannels: 192,
      channelMultipliers: [1, 2, 3, 4],
      numResBlocks: 3,
      attentionResolutions: [2, 4, 8],
      numHeadChannels: 64,
      dropout: 0.1,
      numClasses: 1000,
    },
  },
  'edm2-small': {
    name: 'edm2-unet',
    config: {
      shape: [28, 28, 1],
      modelChannels: 32,
      channelMultipliers: [1, 2, 2],
      numResBlocks: 1,
      attentionResolutions: [4],
      numHeadChannels: 32,
    },
  },
  'edm2-imagenet64-s': { name: 'edm2-unet', config: { ...edm2ImageNet64, modelChannels: 192 } },
  'edm2-imagenet64-m': { name: 'edm2-unet', config: { ...edm2ImageNet64, modelChannels: 256, dropout: 0.1 } },
  'edm2-imagenet64-l': { name: 'edm2-unet', config: { ...edm2ImageNet64, modelChannels: 320, dropout: 0.1 } },
  'edm2-imagenet64-xl': { name: 'edm2-unet', config: { ...edm2ImageNet64, modelChannels: 384, dropout: 0.1 } },
  'mixture-mlp': { name: 'mlp', config: { shape: [2], hiddenChannels: 64, numBlocks: 3 } },
  'mixture-mlp-16d': { name: 'mlp', config: { shape: [16], hiddenChannels: 128, numBlocks: 4 } },
} as const satisfies Record<string, NetworkRecord>;

/** Name of a preset. */
export type PresetName = keyof typeof presets;

/** All presets. */
export const presetNames: readonly PresetName[] = Object.keys(presets) as PresetName[];
