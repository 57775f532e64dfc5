import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compiledRunner } from '@onestep/compile';
import { openDataset } from '@onestep/data/node';
import { useBackend } from '@onestep/tensor';
import { saveSafetensors } from '@onestep/tensor/node';
import { accuracyOf } from './accuracy';
import { readAll } from './bytes';
import { lenetRecipes, type LenetDataset } from './recipe';
import { weightFile, writeStatistics } from './statistics';
import { trainLenet } from './train';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dataset: { type: 'string', default: 'mnist' },
    out: { type: 'string', default: fileURLToPath(new URL('../../../packages/metrics/weights', import.meta.url)) },
    threads: { type: 'string', default: '1' },
  },
});
const command = positionals[0] ?? 'train';
const threads = Number(values.threads);
if (!Object.hasOwn(lenetRecipes, values.dataset) || !['train', 'statistics'].includes(command)) {
  throw new RangeError('usage: main.js [train|statistics] --dataset mnist|fashion-mnist [--out FOLDER] [--threads N]');
}
const recipe = lenetRecipes[values.dataset as LenetDataset];
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

await useBackend('cpu');
const read = async (split: 'train' | 'test') => readAll(await openDataset(recipe.dataset, { split }));
const splits = { train: await read('train'), test: await read('test') };

if (command === 'train') {
  const started = performance.now();
  say({ recipe, train: splits.train.id, test: splits.test.id });
  const params = await trainLenet({
    recipe,
    data: splits.train,
    makeRunner: compiledRunner({ executor: { threads } }),
    async onEpoch({ epoch, loss, params }) {
      const accuracy = await accuracyOf(params, splits.test, threads);
      say({
        epoch,
        loss: Number(loss.toFixed(5)),
        accuracy,
        seconds: Math.round((performance.now() - started) / 1000),
      });
    },
  });
  const accuracy = await accuracyOf(params, splits.test, threads);
  if (accuracy < recipe.requiredAccuracy) {
    throw new Error(`${recipe.dataset}: test accuracy ${accuracy} is below ${recipe.requiredAccuracy}.`);
  }
  await mkdir(values.out, { recursive: true });
  await saveSafetensors(join(values.out, weightFile(recipe.dataset)), params, {
    dataset: splits.train.id,
    accuracy: String(accuracy),
    recipe: JSON.stringify(recipe),
  });
}
say({ [recipe.dataset]: await writeStatistics(values.out, recipe.dataset, splits, threads) });
// ONNX Runtime keeps the process alive.
process.exit();
