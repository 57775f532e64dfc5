import type { RecipeInput } from '../schema';

/** What the recipes on the two-dimensional mixture share. */
const shared = {
  dataset: { spec: 'mixture-2d' },
  network: { name: 'mlp', preset: 'mixture-mlp' },
  sigma: { min: 0.01, max: 10 },
  ema: [{ name: 'main', decay: 0.99 }],
  batchSize: 256,
  checkpoint: { everySteps: 500 },
  logging: { everySteps: 50 },
};

/** Recipes whose exact answer is known: seconds on any machine. */
export const mixture2dRecipes = {
  'mixture-2d-edm': {
    ...shared,
    name: 'mixture-2d-edm',
    method: 'edm',
    optimizer: { name: 'adam', learningRate: 2e-3 },
    steps: 2000,
  },
  'mixture-2d-cd': {
    ...shared,
    name: 'mixture-2d-cd',
    method: 'cd',
    objective: { numScales: 18 },
    optimizer: { name: 'radam', learningRate: 1e-3 },
    init: { from: 'teacher' },
    steps: 2000,
  },
  'mixture-2d-ct': {
    ...shared,
    name: 'mixture-2d-ct',
    method: 'ct',
    objective: { startScales: 2, endScales: 40 },
    optimizer: { name: 'radam', learningRate: 1e-3 },
    steps: 3000,
  },
  'mixture-2d-ect': {
    ...shared,
    name: 'mixture-2d-ect',
    method: 'ect',
    objective: { numStages: 5 },
    optimizer: { name: 'radam', learningRate: 1e-3 },
    init: { from: 'teacher' },
    steps: 2000,
  },
} satisfies Record<string, RecipeInput>;
