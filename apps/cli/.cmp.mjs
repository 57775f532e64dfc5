import { useBackend, eagerRunner } from '@onestep/tensor';
import { compiledRunner } from '@onestep/compile';
import { recipeByName, createTrainer, parseRecipe } from '@onestep/training';
import { networkFromConfig } from '@onestep/models';
import { openDataset } from '@onestep/data/node';
import { batchIndices, makeHostBatch } from '@onestep/data';
await useBackend('wasm');
const ds = await openDataset('mnist');
for (const name of ['quickstart-edm', 'quickstart-ect'])
  for (const [kind, f] of [['compiled', compiledRunner({ executor: { threads: 2 } })]]) {
    const recipe = parseRecipe({ ...recipeByName(name), steps: 8, init: { from: 'random' } });
    const network = networkFromConfig({ preset: 'mnist-tiny', config: { numClasses: 10 } });
    const ix = batchIndices({ length: ds.length, batchSize: 64, seed: 0 });
    const t = await createTrainer({ recipe, network, batches: (n) => makeHostBatch(ds, ix(n)), runnerFactory: f });
    const marks = [performance.now()];
    const losses = [];
    await t.run({
      onStep: ({ loss }) => {
        marks.push(performance.now());
        losses.push(loss);
      },
    });
    const gaps = marks.slice(1).map((m, i) => Math.round(m - marks[i]));
    console.log(name, kind, t.description, 'ms', gaps.join(' '), 'loss', losses.slice(0, 3).join(' '), losses.at(-1));
    t.dispose();
  }
process.exit(0);
