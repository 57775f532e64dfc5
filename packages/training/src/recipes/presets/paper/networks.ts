import { notRunHere, type Preset } from '../preset';

/** Networks of the published settings. */
export const networks = {
  /** DDPM++, 55.7 M. */
  ddpmpp: { name: 'song-unet', preset: 'ddpmpp-cifar' },
  /** NCSN++, 56.4 M. */
  ncsnpp: { name: 'song-unet', preset: 'ncsnpp-cifar' },
  /** NCSN++ with a noise embedding that varies slowly. */
  ncsnppSlow: { name: 'song-unet', preset: 'ncsnpp-cifar', config: { fourierScale: 0.02 } },
  /** ADM as EDM has it, 295.9 M. */
  edmAdm: { name: 'dhariwal-unet', preset: 'adm-imagenet64' },
  /** ADM as the consistency models of ImageNet-64 have it, 295.9 M. */
  adm64: {
    name: 'adm-unet',
    config: {
      shape: [64, 64, 3],
      modelChannels: 192,
      channelMultipliers: [1, 2, 3, 4],
      numResBlocks: 3,
      attentionResolutions: [2, 4, 8],
      numHeadChannels: 64,
      resblockUpDown: true,
      dropout: 0.1,
      numClasses: 1000,
    },
  },
  /** ADM at 256 x 256, unconditional, 526.3 M. */
  adm256: {
    name: 'adm-unet',
    config: {
      shape: [256, 256, 3],
      modelChannels: 256,
      channelMultipliers: [1, 1, 2, 2, 4, 4],
      numResBlocks: 2,
      attentionResolutions: [8, 16, 32],
      numHeadChannels: 64,
      scaleShiftNorm: false,
      resblockUpDown: true,
      dropout: 0.1,
    },
  },
} as const;

/** Data of the published settings; `--dataset` names where it lies. */
export const datasets = {
  cifar10: { spec: 'cifar10', flip: true },
  imagenet64: { spec: 'datasets/imagenet-64x64.zip', flip: true },
  lsun256: { spec: 'datasets/lsun-bedroom-256', imageSize: 256, flip: true },
} as const;

/** How long a published setting is kept between checkpoints. */
const pace = {
  checkpoint: { everySteps: 10_000, keepLast: 2, keepEvery: 100_000 },
  logging: { everySteps: 100, samplesEverySteps: 10_000 },
} as const;

/** A published setting. */
export function paperPreset(
  source: string,
  recipe: Preset['recipe'],
  extra: Pick<Preset, 'startsFrom' | 'notes'> = {},
): Preset {
  return { size: 'paper', timeClass: notRunHere, source, ...extra, recipe: { ...pace, ...recipe } };
}

/** What a recipe says whose source compares images through LPIPS. */
export const withoutLpips =
  'Published with LPIPS as distance, which needs files of weights; this recipe has l2, and objective.distance takes LPIPS. ' +
  'Other values are as published.';

/** What a recipe says whose source trains in half precision. */
export const halfPrecision = 'Published in half precision; this trainer computes in float32.';
