import type { Presets } from '../preset';
import { datasets, networks, paperPreset, withoutLpips } from './networks';

const init = { from: 'teacher' } as const;
/** DDPM++ of the rectified-flow code: 128 channels, multipliers 1, 2, 2, 2, four blocks, attention at 16 x 16. */
const flowNetwork = {
  name: 'song-unet',
  config: {
    shape: [32, 32, 3],
    modelChannels: 128,
    channelMultipliers: [1, 2, 2, 2],
    numResBlocks: 4,
    attentionResolutions: [2],
    dropout: 0.15,
  },
};
const flowOptimizer = { name: 'adam', learningRate: 2e-4, warmupSteps: 5000, clipNorm: 1 } as const;
const flow = { dataset: datasets.cifar10, network: flowNetwork, sigma: { max: 999 }, batchSize: 128 };
const flowSource = 'Rectified flow (Liu et al. 2022), released code';
const flowLength = 'UNVERIFIED: dropout 0.15. No length is given; 800 k steps here.';
const reflowLength = 'UNVERIFIED: dropout 0.15. No length is given; 300 k steps here.';
const flowPairs = 'Pairs: at least 1 M from the flow it starts from.';

/** Progressive and knowledge distillation, rectified flow. */
export const baselinePaperPresets: Presets = {
  'paper-cifar10-pd': paperPreset(
    'Progressive distillation on EDM, as in Consistency models (Song et al. 2023) and its released code',
    {
      dataset: datasets.cifar10,
      network: networks.ncsnpp,
      method: 'pd',
      objective: { startScales: 4096, endScales: 1, doubledStages: 2, weighting: 'truncated-snr' },
      optimizer: { name: 'adam', learningRate: 5e-5, clipNorm: 1, decay: { from: 0, to: 0 } },
      init,
      batchSize: 512,
      steps: 750_000,
      dropout: 0,
    },
    {
      startsFrom: 'paper-cifar10-edm-ncsnpp',
      notes: ['Eleven stages of 50 k steps, then two of 100 k.', 'No evaluation average, as published.'],
    },
  ),
  'paper-imagenet64-pd': paperPreset(
    'Progressive distillation (Salimans and Ho 2022), released code, with the EDM form of its loss',
    {
      dataset: datasets.imagenet64,
      network: networks.adm64,
      preconditioning: { cNoise: 'openai' },
      method: 'pd',
      objective: { startScales: 1024, endScales: 1, doubledStages: 2, weighting: 'truncated-snr' },
      optimizer: { name: 'adam', learningRate: 1e-4, decay: { from: 0, to: 0 } },
      init,
      batchSize: 2048,
      steps: 650_000,
      dropout: 0,
    },
    {
      startsFrom: 'paper-imagenet64-edm-adm',
      notes: ['UNVERIFIED: 50 k steps a stage (100 k for the last two), as on CIFAR-10.'],
    },
  ),
  'paper-cifar10-kd': paperPreset(
    'Knowledge distillation (Luhman and Luhman 2021), released code, in the EDM setting',
    {
      dataset: { spec: 'datasets/cifar10-pairs' },
      network: networks.ddpmpp,
      method: 'kd',
      objective: { distance: 'l1' },
      optimizer: { name: 'adam', learningRate: 2e-4, betas: [0.9, 0.98], warmupSteps: 5000 },
      ema: [{ name: 'main', decay: 0.995 }],
      init,
      batchSize: 512,
      steps: 50_000,
      dropout: 0,
    },
    {
      startsFrom: 'paper-cifar10-edm',
      notes: [
        '25 epochs of 1.024 M pairs, which are published from 100 DDIM steps of a VP teacher; here from any teacher with `onestep pairs`.',
        'The published run keeps the average with the lowest held-out loss; this one the last.',
      ],
    },
  ),
  'paper-cifar10-reflow': paperPreset(
    flowSource,
    {
      ...flow,
      method: 'reflow',
      optimizer: flowOptimizer,
      ema: [{ name: 'main', decay: 0.999999 }],
      steps: 800_000,
    },
    { notes: [flowLength] },
  ),
  'paper-cifar10-reflow-2': paperPreset(
    flowSource,
    {
      ...flow,
      dataset: { spec: 'datasets/cifar10-flow-pairs' },
      method: 'reflow',
      objective: { pairs: true },
      optimizer: flowOptimizer,
      ema: [{ name: 'main', decay: 0.9999 }],
      init,
      steps: 300_000,
    },
    { startsFrom: 'paper-cifar10-reflow', notes: [flowPairs, reflowLength] },
  ),
  'paper-cifar10-reflow-distill': paperPreset(
    flowSource,
    {
      ...flow,
      dataset: { spec: 'datasets/cifar10-flow-pairs' },
      method: 'reflow',
      objective: { phase: 'distill', distillSteps: 1 },
      optimizer: flowOptimizer,
      ema: [{ name: 'main', decay: 0.9999 }],
      init,
      steps: 300_000,
    },
    { startsFrom: 'paper-cifar10-reflow-2', notes: [withoutLpips, flowPairs, reflowLength] },
  ),
};
