import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '@onestep/tensor';
import { createTrainer, postHocEma } from '@onestep/training';
import { createRun, readEmaSnapshots } from '@onestep/training/node';
import { tinyRecipe } from '../recipes-for-tests';
import { ringBatches, tinyNetwork } from '../tiny-network';

let folder: string;
beforeAll(async () => {
  await useBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'onestep-averages-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('readEmaSnapshots', () => {
  it('finds what post-hoc averaging needs to reconstruct an average that was tracked beside', async () => {
    const recipe = tinyRecipe('edm', {
      steps: 120,
      optimizer: { name: 'adam', learningRate: 1e-2 },
      ema: [
        { name: 'narrow', power: { relativeStd: 0.05 } },
        { name: 'wide', power: { relativeStd: 0.1 } },
        { name: 'other', decay: 0.9 },
        { name: 'asked', power: { relativeStd: 0.16 } },
      ],
      checkpoint: { everySteps: 12, keepEvery: 12 },
    });
    const run = await createRun(join(folder, 'run'), { recipe });
    const trainer = await createTrainer({ recipe, network: tinyNetwork(), batches: ringBatches(8) });
    await trainer.run(run.hooks);
    const { groups } = await trainer.readState();
    trainer.dispose();

    const snapshots = await readEmaSnapshots(run.folder, { names: ['narrow', 'wide'] });
    expect(snapshots).toHaveLength(20);
    expect(snapshots[1]).toMatchObject({ name: 'wide', relativeStd: 0.1, step: 12 });
    const [{ params }] = postHocEma(snapshots, [{ relativeStd: 0.16, step: 120 }]);
    const distance = (a: string, b: typeof params) =>
      Math.hypot(
        ...Object.entries(groups[a]).flatMap(([name, { data }]) => [...data].map((v, i) => v - b[name].data[i])),
      );
    expect(distance('ema.asked', params)).toBeLessThan(0.03 * distance('ema.asked', groups['ema.wide']));

    expect(await readEmaSnapshots(run.folder, { fromStep: 100 })).toHaveLength(6);
    await truncate(join(run.folder, 'checkpoints', '24', 'ema-wide.safetensors'), 9);
    await expect(readEmaSnapshots(run.folder)).rejects.toThrow(/24.ema-wide\.safetensors/);
  });
});
