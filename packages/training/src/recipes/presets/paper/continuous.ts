import type { Presets } from '../preset';
import { datasets, networks, paperPreset } from './networks';

const source = 'sCM (Lu and Song 2024), appendix G: no official code';
const shared = {
  dataset: datasets.cifar10,
  network: networks.ddpmpp,
  optimizer: { name: 'radam' as const, learningRate: 1e-4, betas: [0.9, 0.99] as [number, number], epsilon: 1e-8 },
  ema: [{ name: 'main', halfLifeImages: 500_000 }],
  init: { from: 'teacher' },
  batchSize: 512,
  steps: 400_000,
};
const objective = {
  pMean: -1,
  pStd: 1.4,
  tangentWarmupSteps: 10_000,
  tangentNormalisation: 'norm' as const,
  tangentC: 0.1,
};

/** Continuous-time consistency models; those of ImageNet stand with their network, in `edm2`. */
export const continuousPaperPresets: Presets = {
  'paper-cifar10-scd': paperPreset(
    source,
    { ...shared, method: 'scd', objective, dropout: 0 },
    { startsFrom: 'paper-cifar10-trigflow' },
  ),
  'paper-cifar10-sct': paperPreset(
    source,
    { ...shared, method: 'sct', objective, dropout: 0.2 },
    { startsFrom: 'paper-cifar10-trigflow' },
  ),
};
