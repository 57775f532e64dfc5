import type { Presets } from '../preset';
import { datasets, halfPrecision, networks, paperPreset, withoutLpips } from './networks';

const cm = 'Consistency models (Song et al. 2023), Table 3';
const ict = 'iCT (Song and Dhariwal 2023), second-hand: no official code';
const ect = 'ECT (Geng et al. 2024), released code';
const launchScript = 'The learning rate is that of Table 3; the released launch script has another.';
const openai = { cNoise: 'openai' } as const;
const init = { from: 'teacher' } as const;

const imagenetEma = [{ name: 'main', decay: 0.999943 }];

/** Consistency distillation and training, improved training, and easy tuning. */
export const consistencyPaperPresets: Presets = {
  'paper-cifar10-cd': paperPreset(
    cm,
    {
      dataset: datasets.cifar10,
      network: networks.ncsnpp,
      method: 'cd',
      objective: { numScales: 18, solver: 'heun', targetEma: 0 },
      optimizer: { name: 'radam', learningRate: 4e-4 },
      ema: [{ name: 'main', decay: 0.9999 }],
      init,
      batchSize: 512,
      steps: 800_000,
      dropout: 0,
    },
    { startsFrom: 'paper-cifar10-edm-ncsnpp', notes: [withoutLpips] },
  ),
  'paper-cifar10-ct': paperPreset(
    cm,
    {
      dataset: datasets.cifar10,
      network: networks.ncsnpp,
      method: 'ct',
      objective: { startScales: 2, endScales: 150, startEma: 0.9 },
      optimizer: { name: 'radam', learningRate: 4e-4 },
      ema: [{ name: 'main', decay: 0.9999 }],
      batchSize: 512,
      steps: 800_000,
      dropout: 0,
    },
    { notes: [withoutLpips] },
  ),
  'paper-imagenet64-cd': paperPreset(
    cm,
    {
      dataset: datasets.imagenet64,
      network: networks.adm64,
      preconditioning: openai,
      method: 'cd',
      objective: { numScales: 40, solver: 'heun', targetEma: 0.95 },
      optimizer: { name: 'radam', learningRate: 8e-6 },
      ema: imagenetEma,
      init,
      batchSize: 2048,
      steps: 600_000,
      dropout: 0,
    },
    { startsFrom: 'paper-imagenet64-edm-adm', notes: [withoutLpips, halfPrecision] },
  ),
  'paper-imagenet64-ct': paperPreset(
    cm,
    {
      dataset: datasets.imagenet64,
      network: networks.adm64,
      preconditioning: openai,
      method: 'ct',
      objective: { startScales: 2, endScales: 200, startEma: 0.95 },
      optimizer: { name: 'radam', learningRate: 8e-6 },
      ema: imagenetEma,
      batchSize: 2048,
      steps: 800_000,
      dropout: 0,
    },
    { notes: [withoutLpips, halfPrecision, launchScript] },
  ),
  'paper-lsun256-cd': paperPreset(
    cm,
    {
      dataset: datasets.lsun256,
      network: networks.adm256,
      preconditioning: openai,
      method: 'cd',
      objective: { numScales: 40, solver: 'heun', targetEma: 0.95 },
      optimizer: { name: 'radam', learningRate: 1e-5 },
      ema: imagenetEma,
      init,
      batchSize: 2048,
      steps: 600_000,
      dropout: 0,
    },
    {
      startsFrom: 'paper-lsun256-edm',
      notes: [
        withoutLpips,
        halfPrecision,
        'For Bedroom the paper evaluates the weights themselves: `--weights student`.',
        "Batch 2048 is the paper's; the launch script says 256.",
      ],
    },
  ),
  'paper-lsun256-ct': paperPreset(
    cm,
    {
      dataset: datasets.lsun256,
      network: networks.adm256,
      preconditioning: openai,
      method: 'ct',
      objective: { startScales: 2, endScales: 150, startEma: 0.95 },
      optimizer: { name: 'radam', learningRate: 1e-5 },
      ema: imagenetEma,
      batchSize: 2048,
      steps: 1_000_000,
      dropout: 0,
    },
    { notes: [withoutLpips, halfPrecision, launchScript] },
  ),
  'paper-cifar10-ict': paperPreset(
    ict,
    {
      dataset: datasets.cifar10,
      network: networks.ncsnppSlow,
      method: 'ict',
      objective: { startScales: 10, endScales: 1280, pMean: -1.1, pStd: 2 },
      optimizer: { name: 'radam', learningRate: 1e-4 },
      ema: [{ name: 'main', decay: 0.99993 }],
      batchSize: 1024,
      steps: 400_000,
      dropout: 0.3,
    },
    { notes: ['iCT-deep: `network.config.numResBlocks` 8.'] },
  ),
  'paper-imagenet64-ict': paperPreset(
    ict,
    {
      dataset: datasets.imagenet64,
      network: networks.adm64,
      method: 'ict',
      objective: { startScales: 10, endScales: 1280, pMean: -1.1, pStd: 2 },
      optimizer: { name: 'radam', learningRate: 1e-4 },
      ema: [{ name: 'main', decay: 0.99997 }],
      batchSize: 4096,
      steps: 800_000,
      dropout: 0.2,
    },
    {
      notes: [
        'UNVERIFIED: batch 4096, 800 k steps, average 0.99997, dropout 0.2.',
        'The paper drops out at 16 x 16 and below only; the network here drops out in every block.',
      ],
    },
  ),
  'paper-cifar10-ect': paperPreset(
    ect,
    {
      dataset: { ...datasets.cifar10, flip: false },
      network: networks.ddpmpp,
      method: 'ect',
      objective: { q: 2, pMean: -1.1, pStd: 2, k: 8, b: 1, c: 0, stageImages: 3_200_000 },
      optimizer: { name: 'radam', learningRate: 1e-4 },
      ema: [{ name: 'main', decay: 0.9999 }],
      init,
      batchSize: 128,
      steps: 200_000,
      dropout: 0.2,
    },
    { startsFrom: 'paper-cifar10-edm', notes: ['25.6 M images, eight stages of 25 k steps.'] },
  ),
  'paper-cifar10-ect-hour': paperPreset(
    `${ect}: the one-hour setting`,
    {
      dataset: { ...datasets.cifar10, flip: false },
      network: networks.ddpmpp,
      method: 'ect',
      objective: { q: 256, pMean: -1.1, pStd: 2, k: 8, b: 1, c: 0, numStages: 1 },
      optimizer: { name: 'radam', learningRate: 1e-4 },
      ema: [{ name: 'main', decay: 0.9993 }],
      init,
      batchSize: 128,
      steps: 8000,
      dropout: 0.2,
    },
    { startsFrom: 'paper-cifar10-edm', notes: ['UNVERIFIED: 8000 steps.'] },
  ),
};
