import type { Presets } from '../preset';
import { datasets, networks, paperPreset, withoutLpips } from './networks';

const source = 'CTM (Kim et al. 2023), released code';
const init = { from: 'teacher' } as const;
const withoutGan = 'Without the adversarial term; published without it: CIFAR-10 FID 5.19 in one step (second-hand).';
const length = 'UNVERIFIED: the length; the released README says 10 k to 50 k steps without the adversarial term.';
const unaveraged = 'No evaluation average is given; 0.999, the rate of the target, here.';

/** Consistency trajectory models. */
export const trajectoryPaperPresets: Presets = {
  'paper-cifar10-ctm': paperPreset(
    source,
    {
      dataset: datasets.cifar10,
      network: { ...networks.ddpmpp, config: { secondTime: true } },
      method: 'ctm',
      objective: { numScales: 18, maxSolverSteps: 17, solver: 'heun', targetEma: 0.999, dsmWeight: 'adaptive' },
      optimizer: { name: 'radam', learningRate: 4e-4 },
      ema: [{ name: 'main', decay: 0.999 }],
      init,
      batchSize: 128,
      steps: 50_000,
      dropout: 0,
    },
    { startsFrom: 'paper-cifar10-edm', notes: [withoutLpips, withoutGan, length, unaveraged] },
  ),
  'paper-imagenet64-ctm': paperPreset(
    source,
    {
      dataset: datasets.imagenet64,
      network: { ...networks.adm64, config: { ...networks.adm64.config, secondTime: true } },
      preconditioning: { cNoise: 'openai' },
      method: 'ctm',
      objective: { numScales: 40, maxSolverSteps: 39, solver: 'heun', targetEma: 0.999, dsmWeight: 'adaptive' },
      optimizer: { name: 'radam', learningRate: 8e-6 },
      ema: [{ name: 'main', decay: 0.999 }],
      init,
      batchSize: 2048,
      steps: 50_000,
      dropout: 0,
    },
    {
      startsFrom: 'paper-imagenet64-edm-adm',
      notes: [
        withoutLpips,
        withoutGan,
        length,
        unaveraged,
        'The launch script without the adversarial term has learning rate 4e-4 and batch 1440.',
      ],
    },
  ),
};
