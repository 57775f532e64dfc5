import { parseRecipe, type MethodName, type Recipe } from '@onestep/training';

/** A recipe for the tiny network. */
export function tinyRecipe(method: MethodName, overrides: Record<string, unknown> = {}): Recipe {
  return parseRecipe({
    name: 'tiny',
    method,
    dataset: { spec: 'ring' },
    network: { name: 'tiny' },
    optimizer: { name: 'radam', learningRate: 2e-3 },
    ema: [{ name: 'main', decay: 0.9 }],
    batchSize: 8,
    steps: 20,
    logging: { everySteps: 6 },
    ...overrides,
  });
}
