import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '@onestep/tensor';
import { createTrainer, stateToFiles, type MethodName, type Recipe, type TrainingState } from '@onestep/training';
import { createRun, openRun } from '@onestep/training/node';
import { tinyRecipe } from '../recipes-for-tests';
import { ringBatches, tinyNetwork } from '../tiny-network';

let folder: string;
beforeAll(async () => {
  await useBackend('wasm');
  folder = await mkdtemp(join(tmpdir(), 'onestep-resume-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const network = tinyNetwork({ numClasses: 3, dropout: 0.2 });

async function teacherParams() {
  const trainer = await createTrainer({ recipe: tinyRecipe('edm', { steps: 1 }), network, batches: ringBatches(8, 3) });
  const { groups } = await trainer.readState();
  trainer.dispose();
  return groups.student;
}

async function makeTrainer(recipe: Recipe, resume?: TrainingState) {
  const teacher = { params: await teacherParams() };
  return createTrainer({ recipe, network, batches: ringBatches(8, 3), teacher, resume });
}

const variants: readonly [string, MethodName, Record<string, unknown>][] = [
  [
    'edm with Adam, a half-life and clipping',
    'edm',
    {
      optimizer: { name: 'adam', learningRate: 1e-3, warmupSteps: 10, clipNorm: 0.5 },
      ema: [
        { name: 'main', halfLifeImages: 100 },
        { name: 'slow', decay: 0.99 },
      ],
    },
  ],
  ['cd without target', 'cd', { init: { from: 'teacher' } }],
  [
    'cd with a slow target',
    'cd',
    {
      objective: { targetEma: 0.9, solver: 'euler' },
      optimizer: { name: 'adamw', learningRate: 1e-3, weightDecay: 0.1 },
    },
  ],
  ['ct', 'ct', { objective: { startScales: 2, endScales: 10 } }],
  ['ect', 'ect', { init: { from: 'teacher' }, objective: { numStages: 4 } }],
];

describe('resuming', () => {
  it.each(variants)('is bit-exact for %s', async (name, method, overrides) => {
    const recipe = tinyRecipe(method, overrides);
    const straightLog: number[] = [];
    const straight = await makeTrainer(recipe);
    await straight.run({ onLog: ({ step, loss, gradNorm }) => void straightLog.push(step, loss, gradNorm) });
    const expected = stateToFiles(await straight.readState());
    straight.dispose();

    const path = join(folder, name.replaceAll(' ', '-'));
    const run = await createRun(path, { recipe });
    const first = await makeTrainer(run.recipe);
    const abort = new AbortController();
    const result = await first.run({
      ...run.hooks,
      signal: abort.signal,
      onStep: ({ step }) => {
        if (step === 7) abort.abort();
      },
    });
    first.dispose();
    expect(result).toEqual({ reason: 'aborted', step: 7, imagesSeen: 56 });
    // What a killed process would have logged after its checkpoint.
    await run.log({ ...(await run.readMetrics())[0], step: 9 });

    const again = await openRun(path);
    const second = await makeTrainer(again.recipe, await again.resume());
    expect(second.step).toBe(7);
    await second.run(again.hooks);
    const got = stateToFiles(await second.readState());
    second.dispose();
    expect([...got.keys()]).toEqual([...expected.keys()]);
    for (const [file, bytes] of expected) expect(Buffer.compare(got.get(file)!, bytes), `${name}: ${file}`).toBe(0);
    const log = (await again.readMetrics()).flatMap(({ step, loss, gradNorm }) => [step, loss, gradNorm]);
    expect(log).toEqual(straightLog);
    expect(await readFile(join(path, 'latest'), 'utf8')).toBe('20\n');
  });
});
