import type { Presets } from '../preset';
import { datasets, halfPrecision, networks, paperPreset } from './networks';

const edm = 'EDM (Karras et al. 2022), section 12.3 and released code';
const cm = 'Consistency models (Song et al. 2023), appendix C and released code';
const cmAverages = ['0.9999', '0.99994', '0.999943'].map((decay) => ({ name: decay, decay: Number(decay) }));

/** Diffusion teachers. */
export const edmPaperPresets: Presets = {
  'paper-cifar10-edm': paperPreset(
    edm,
    {
      dataset: { ...datasets.cifar10, flip: false, augment: { probability: 0.12 } },
      network: networks.ddpmpp,
      method: 'edm',
      objective: { reduction: 'sum' },
      optimizer: { name: 'adam', learningRate: 1e-3, warmupSteps: 19_531 },
      ema: [{ name: 'main', halfLifeImages: 500_000 }],
      batchSize: 512,
      steps: 390_625,
      dropout: 0.13,
    },
    { notes: ['200 M images; the learning rate rises over the first 10 M.'] },
  ),
  'paper-cifar10-edm-ncsnpp': paperPreset(
    `${cm}: the CIFAR-10 teacher`,
    {
      dataset: datasets.cifar10,
      network: networks.ncsnpp,
      method: 'edm',
      optimizer: { name: 'adam', learningRate: 1e-3, warmupSteps: 19_531 },
      ema: [{ name: 'main', halfLifeImages: 500_000 }],
      batchSize: 512,
      steps: 400_000,
      dropout: 0.13,
    },
    {
      notes: [
        'Flips alone, as in its released code; EDM trains this network with its augmentation (`augment` as in paper-cifar10-edm).',
      ],
    },
  ),
  'paper-cifar10-trigflow': paperPreset(
    'sCM (Lu and Song 2024), appendix G: the CIFAR-10 teacher',
    {
      dataset: datasets.cifar10,
      network: networks.ddpmpp,
      preconditioning: { name: 'trigflow' },
      method: 'edm',
      optimizer: { name: 'adam', learningRate: 1e-3 },
      ema: [{ name: 'main', halfLifeImages: 500_000 }],
      batchSize: 512,
      steps: 400_000,
      dropout: 0.13,
    },
    {
      notes: [
        'Warm-up, half-life of the average, flips and the law of sigma are not given for the teacher; none, 0.5 M images, flips and the law of EDM here.',
      ],
    },
  ),
  'paper-imagenet64-edm': paperPreset(
    edm,
    {
      dataset: { ...datasets.imagenet64, flip: false },
      network: networks.edmAdm,
      method: 'edm',
      objective: { reduction: 'sum' },
      optimizer: { name: 'adam', learningRate: 1e-4, warmupSteps: 2441 },
      ema: [{ name: 'main', halfLifeImages: 50_000_000 }],
      batchSize: 4096,
      steps: 610_352,
      dropout: 0.1,
    },
    {
      notes: ['2500 M images; the learning rate rises over the first 10 M.', halfPrecision],
    },
  ),
  'paper-imagenet64-edm-adm': paperPreset(
    `${cm}: the ImageNet-64 teacher`,
    {
      dataset: datasets.imagenet64,
      network: networks.adm64,
      preconditioning: { cNoise: 'openai' },
      method: 'edm',
      optimizer: { name: 'radam', learningRate: 1e-4 },
      ema: [
        { name: '0.999', decay: 0.999 },
        { name: '0.9999', decay: 0.9999 },
        { name: '0.999943', decay: 0.999943 },
      ],
      batchSize: 4096,
      steps: 600_000,
      dropout: 0.1,
    },
    {
      notes: [halfPrecision, 'The paper says it was trained as in EDM: the length is that of EDM (about 600 k steps).'],
    },
  ),
  'paper-lsun256-edm': paperPreset(
    `${cm}: the LSUN teachers`,
    {
      dataset: datasets.lsun256,
      network: networks.adm256,
      preconditioning: { cNoise: 'openai' },
      method: 'edm',
      optimizer: { name: 'radam', learningRate: 1e-4 },
      ema: cmAverages,
      batchSize: 2048,
      steps: 600_000,
      dropout: 0.1,
    },
    {
      notes: [
        halfPrecision,
        'Bedroom; 300 k steps for Cat (`--steps 300000`).',
        "Batch 2048 is the paper's; the released launch script says 256.",
      ],
    },
  ),
};
