import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '@onestep/tensor';
import {
  createTrainer,
  methodNames,
  stateToFiles,
  type MethodName,
  type Recipe,
  type TrainingState,
} from '@onestep/training';
import { createRun, openRun } from '@onestep/training/node';
import { tinyRecipe } from '../recipes-for-tests';
import { ringBatches, tinyNetwork } from '../tiny-network';

let folder: string;
beforeAll(async () => {
  await useBackend('wasm');
  folder = await mkdtemp(join(tmpdir(), 'onestep-resume-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const networks = {
  plain: tinyNetwork({ numClasses: 3, dropout: 0.2 }),
  augmented: tinyNetwork({ numClasses: 3, dropout: 0.2, augmentChannels: 9 }),
  jumping: tinyNetwork({ numClasses: 3, dropout: 0.2, secondTime: true }),
};
const networkOf = ({ method, dataset }: Recipe) => {
  if (dataset.augment !== undefined) return networks.augmented;
  return networks[method === 'ctm' || method === 'meanflow' ? 'jumping' : 'plain'];
};

async function teacherParams() {
  const recipe = tinyRecipe('edm', { steps: 1, seed: 5 });
  const trainer = await createTrainer({ recipe, network: networks.plain, batches: ringBatches(8, 3) });
  const { groups } = await trainer.readState();
  trainer.dispose();
  return groups.student;
}

async function makeTrainer(recipe: Recipe, resume?: TrainingState) {
  const teacher = { params: await teacherParams(), network: networks.plain };
  const network = networkOf(recipe);
  const batches = ringBatches(8, 3, network.augmentChannels);
  return createTrainer({ recipe, network, batches, teacher, resume });
}

const variants: readonly [string, MethodName, Record<string, unknown>, (readonly number[])?][] = [
  [
    'edm with Adam, a half-life, a power average, clipping and lost labels',
    'edm',
    {
      optimizer: { name: 'adam', learningRate: 1e-3, warmupSteps: 10, clipNorm: 0.5 },
      ema: [
        { name: 'main', halfLifeImages: 100 },
        { name: 'slow', decay: 0.99 },
        { name: 'wide', power: { relativeStd: 0.1 } },
      ],
      labelDropout: 0.3,
    },
  ],
  ['edm on augmented images, in slices', 'edm', { dataset: { spec: 'ring', augment: {} }, accumulation: 2 }],
  ['cd of a teacher without augmentation', 'cd', { dataset: { spec: 'ring', augment: {} } }],
  ['cd without target', 'cd', { init: { from: 'teacher' } }],
  [
    'cd with a slow target',
    'cd',
    {
      objective: { targetEma: 0.9, solver: 'euler' },
      optimizer: { name: 'adamw', learningRate: 1e-3, weightDecay: 0.1 },
      teacher: { guidance: 1.5 },
    },
  ],
  ['ct', 'ct', { objective: { startScales: 2, endScales: 10 } }],
  ['ict', 'ict', { objective: { startScales: 2, endScales: 8 } }],
  ['ect', 'ect', { init: { from: 'teacher' }, objective: { numStages: 4 } }],
  ['scd with a learned weighting', 'scd', { init: { from: 'teacher' }, objective: { tangentWarmupSteps: 10 } }],
  ['sct with a learned weighting', 'sct', { objective: { tangentWarmupSteps: 10 } }],
  ['ctm', 'ctm', { init: { from: 'teacher' }, objective: { numScales: 4 } }],
  [
    // Stops before the adversary begins, after its first step and after the student's that follows.
    'ctm with an adversary',
    'ctm',
    { init: { from: 'teacher' }, objective: { numScales: 4, adversarial: { startStep: 5, channels: 4 } } },
    [5, 6, 7],
  ],
  [
    // Stages of 5, 5 and 10 steps: stops in the middle of one, before, at and after an edge.
    'pd',
    'pd',
    {
      init: { from: 'teacher' },
      objective: { startScales: 4, doubledStages: 1 },
      optimizer: { name: 'adam', learningRate: 2e-3, warmupSteps: 2, decay: {} },
    },
    [3, 4, 5, 6, 10, 13],
  ],
  ['kd', 'kd', {}],
  ['reflow on pairs', 'reflow', { objective: { pairs: true } }],
  ['reflow, distilled', 'reflow', { objective: { phase: 'distill', distillSteps: 2 } }],
  ['meanflow', 'meanflow', { labelDropout: 0.2 }],
];

describe('resuming', () => {
  it('is tried for every method', () => {
    expect(new Set(variants.map(([, method]) => method))).toEqual(new Set(methodNames));
  });

  it.each(variants)('is bit-exact for %s', async (name, method, overrides, stops = [7]) => {
    const recipe = tinyRecipe(method, overrides);
    const straightLog: number[] = [];
    const straight = await makeTrainer(recipe);
    await straight.run({ onLog: ({ step, loss, gradNorm }) => void straightLog.push(step, loss, gradNorm) });
    const expected = stateToFiles(await straight.readState());
    straight.dispose();

    for (const stop of stops) {
      const path = join(folder, `${name.replaceAll(/\W+/g, '-')}-${stop}`);
      const run = await createRun(path, { recipe });
      const first = await makeTrainer(run.recipe);
      const abort = new AbortController();
      const result = await first.run({
        ...run.hooks,
        signal: abort.signal,
        onStep: ({ step }) => {
          if (step === stop) abort.abort();
        },
      });
      first.dispose();
      expect(result).toEqual({ reason: 'aborted', step: stop, imagesSeen: 8 * stop });
      // What a killed process would have logged after its checkpoint.
      await run.log({ step: stop + 2, imagesSeen: 0, loss: 1, gradNorm: 1, learningRate: 1, imagesPerSecond: 1, tensors: 0, curriculum: {} }); // prettier-ignore

      const again = await openRun(path);
      const second = await makeTrainer(again.recipe, await again.resume());
      expect(second.step).toBe(stop);
      await second.run(again.hooks);
      const got = stateToFiles(await second.readState());
      second.dispose();
      expect([...got.keys()]).toEqual([...expected.keys()]);
      for (const [file, bytes] of expected) expect(Buffer.compare(got.get(file)!, bytes), `${path}: ${file}`).toBe(0);
      const log = (await again.readMetrics()).flatMap(({ step, loss, gradNorm }) => [step, loss, gradNorm]);
      expect(log).toEqual(straightLog);
      expect(await readFile(join(path, 'latest'), 'utf8')).toBe('20\n');
    }
  });
});
