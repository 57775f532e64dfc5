import type { RecipeInput } from '../schema';

/** What the MNIST recipes share: 28 x 28 digits, no flips, one small U-Net. */
const shared = {
  dataset: { spec: 'mnist', flip: false },
  network: { name: 'adm-unet', preset: 'mnist-small' },
  batchSize: 64,
  logging: { everySteps: 20, samplesEverySteps: 500 },
  checkpoint: { everySteps: 500, keepLast: 3 },
};

/** A diffusion teacher on MNIST and the three ways from it, or from data, to a consistency model. */
export const mnistRecipes = {
  'mnist-edm': {
    ...shared,
    name: 'mnist-edm',
    method: 'edm',
    optimizer: { name: 'adam', learningRate: 1e-3, warmupSteps: 100, clipNorm: 1 },
    ema: [{ name: 'main', halfLifeImages: 20_000 }],
    steps: 3000,
  },
  'mnist-ect': {
    ...shared,
    name: 'mnist-ect',
    method: 'ect',
    objective: { q: 4, numStages: 4 },
    optimizer: { name: 'radam', learningRate: 3e-4 },
    ema: [{ name: 'main', decay: 0.995 }],
    init: { from: 'teacher' },
    steps: 3000,
  },
  'mnist-cd': {
    ...shared,
    name: 'mnist-cd',
    method: 'cd',
    objective: { numScales: 18, solver: 'heun', distance: 'l2' },
    optimizer: { name: 'radam', learningRate: 4e-4 },
    ema: [{ name: 'main', decay: 0.995 }],
    init: { from: 'teacher' },
    steps: 4000,
  },
  'mnist-ct': {
    ...shared,
    name: 'mnist-ct',
    method: 'ct',
    objective: { startScales: 2, endScales: 60, startEma: 0.9, distance: 'l2' },
    optimizer: { name: 'radam', learningRate: 4e-4 },
    ema: [{ name: 'main', decay: 0.999 }],
    steps: 10_000,
  },
} satisfies Record<string, RecipeInput>;
