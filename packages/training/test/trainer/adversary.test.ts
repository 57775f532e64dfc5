import { beforeAll, describe, expect, it } from 'vitest';
import { ctmPreconditioning, gaussianMixture } from '@onestep/core';
import {
  countLeaks,
  hostTensor,
  mapParams,
  randomStream,
  readSafetensors,
  tf,
  toTensor,
  useBackend,
  type Rank,
} from '@onestep/tensor';
import {
  createTrainer,
  ctmObjective,
  filesToState,
  makeTrainStep,
  modelOf,
  objectiveFromRecipe,
  preconditioningFromRecipe,
  stateToFiles,
  type HostParams,
  type TrainingState,
} from '@onestep/training';
import { judgeStep } from '../../src/trainer/watch/judge-step';
import { watchSettings } from '../../src/trainer/watch/watch-settings';
import { optimizerFromRecipe } from '../../src/optimizers/from-recipe';
import { tinyRecipe } from '../recipes-for-tests';
import { ringBatches, tinyNetwork } from '../tiny-network';

beforeAll(() => useBackend('wasm'));

const network = tinyNetwork({ secondTime: true });
const modes = [
  [0.6, 0],
  [0, 0.6],
  [-0.6, 0],
  [0, -0.6],
];
const ring = gaussianMixture({ weights: [1, 1, 1, 1], means: modes, stds: [0.05, 0.05, 0.05, 0.05] });
const teacher = { params: {}, denoiser: () => ring.denoiser };
const adversarial = { startStep: 3, channels: 4 };

const make = (adversary: object | undefined, overrides: Record<string, unknown> = {}, resume?: TrainingState) => {
  const objective = { numScales: 4, ...(adversary === undefined ? {} : { adversarial: adversary }) };
  const recipe = tinyRecipe('ctm', { checkpoint: { everySteps: 1 }, steps: 8, objective, ...overrides });
  return createTrainer({ recipe, network, batches: ringBatches(recipe.batchSize), teacher, resume });
};

/** The state before the run and after each of its steps. */
async function states(adversary: object | undefined, overrides: Record<string, unknown> = {}) {
  const trainer = await make(adversary, overrides);
  const seen = [await trainer.readState()];
  await trainer.run({ onCheckpoint: (state) => void seen.push(state) });
  trainer.dispose();
  return seen.map(({ groups }) => groups);
}

const bytes = (group: HostParams): string =>
  Object.keys(group)
    .sort()
    .map((name) => Buffer.from(Float32Array.from(group[name].data).buffer).toString('base64'))
    .join();

const ofStudent = ['student', 'target', 'optimizer.m', 'optimizer.v'];
const ofAdversary = ['adversary', 'adversary.optimizer.m', 'adversary.optimizer.v'];

describe('a run with an adversary', () => {
  it('moves one of the two in each step, by turns from startStep on, and leaks nothing', async () => {
    const { leaked } = await countLeaks(async () => {
      const seen = await states(adversarial);
      expect(Object.keys(seen[0]).sort()).toEqual([...ofStudent, ...ofAdversary, 'ema.main'].sort());
      for (let step = 0; step < 8; step += 1) {
        const adversaryLearns = [3, 5, 7].includes(step);
        const moved = (name: string) => bytes(seen[step][name]) !== bytes(seen[step + 1][name]);
        for (const name of ofStudent) expect(moved(name), `${name} in step ${step}`).toBe(!adversaryLearns);
        for (const name of ofAdversary) expect(moved(name), `${name} in step ${step}`).toBe(adversaryLearns);
        expect(moved('ema.main')).toBe(true);
      }
    });
    expect(leaked).toBe(0);
  });

  it('is bit-equal to one without before startStep, and another one after', async () => {
    const [seen, plain] = [await states(adversarial), await states(undefined)];
    for (const name of [...ofStudent, 'ema.main']) {
      for (let step = 0; step <= 3; step += 1) expect(bytes(seen[step][name])).toBe(bytes(plain[step][name]));
    }
    expect(bytes(seen[5].student)).not.toBe(bytes(plain[4].student));
  });

  it('is the same where the step may discard updates and discards none', async () => {
    const seen = await states(adversarial);
    const guarded = await states(adversarial, { watch: { policy: 'skip' } });
    for (const [name, group] of Object.entries(seen[8])) expect(bytes(guarded[8][name])).toBe(bytes(group));
  });

  it('accumulates the gradients of both', async () => {
    const fixed = { startStep: 0, channels: 4, weightMin: 0.5, weightMax: 0.5 };
    const objective = { numScales: 4, dsmWeight: 1, adversarial: fixed };
    const whole = (await states(fixed, { steps: 2, objective }))[2];
    const sliced = (await states(fixed, { steps: 2, objective, accumulation: 4 }))[2];
    for (const group of ['student', 'adversary']) {
      for (const [name, { data }] of Object.entries(whole[group])) {
        data.forEach((value, i) => expect(sliced[group][name].data[i]).toBeCloseTo(value, 5));
      }
    }
  });

  it('writes the adversary to a file of its own, which is no model, and reads it back', async () => {
    const trainer = await make(adversarial, { steps: 5 });
    await trainer.run();
    const state = await trainer.readState();
    trainer.dispose();
    const files = stateToFiles(state);
    expect(filesToState(files)).toEqual(state);
    expect(readSafetensors(files.get('adversary.safetensors')!).metadata).toEqual({});
    for (const file of ['model.safetensors', 'ema-main.safetensors']) {
      expect(Object.keys(readSafetensors(files.get(file)!).tensors).sort()).toEqual(
        Object.keys(network.paramShapes).sort(),
      );
    }
    await expect(make(undefined, {}, state)).rejects.toThrow(/it holds adversary, /);
  });

  it('stays finite on a mixture for some hundred steps, and its samples come near the data', async () => {
    const points = modes.flat();
    const batches = (number: number) => {
      const stream = randomStream(9, 'mixture', number);
      const component = stream.integers(32, 4);
      const data = stream.normal(64).map((n, i) => points[2 * component[i >> 1] + (i % 2)] + 0.05 * n);
      return { images: hostTensor(data, [32, 2]) };
    };
    const wide = tinyNetwork({ hidden: 32, secondTime: true });
    const recipe = tinyRecipe('ctm', {
      batchSize: 32,
      steps: 200,
      optimizer: { name: 'adam', learningRate: 1e-2 },
      objective: {
        numScales: 6,
        maxSolverSteps: 1,
        solver: 'euler',
        targetEma: 0.9,
        adversarial: { startStep: 80, channels: 16 },
      },
      sigma: { min: 0.02, max: 5 },
    });
    const jump = modelOf(wide, preconditioningFromRecipe(recipe));
    /** Mean distance of one-step samples to the nearest mode. */
    const distanceOf = (weights: HostParams): number =>
      tf.tidy(() => {
        const x = toTensor(hostTensor(randomStream(4, 'start').normal(256).map((n) => 5 * n), [128, 2])); // prettier-ignore
        const level = (sigma: number) => tf.fill<Rank.R1>([128], sigma);
        const samples = jump(mapParams(weights, toTensor)).jump(x, level(5), level(0.02)).dataSync();
        const nearest = Array.from({ length: 128 }, (_, i) =>
          Math.min(...modes.map(([a, b]) => Math.hypot(samples[2 * i] - a, samples[2 * i + 1] - b))),
        );
        return nearest.reduce((sum, value) => sum + value, 0) / 128;
      });
    const { leaked } = await countLeaks(async () => {
      const trainer = await createTrainer({ recipe, network: wide, batches, teacher });
      const before = distanceOf((await trainer.readState()).groups.student);
      const losses: number[] = [];
      await trainer.run({ onStep: ({ loss }) => void losses.push(loss) });
      const { groups } = await trainer.readState();
      trainer.dispose();
      expect(losses.every(Number.isFinite)).toBe(true);
      expect(distanceOf(groups['ema.main'])).toBeLessThan(0.6 * before);
      for (const group of Object.values(groups)) {
        for (const { data } of Object.values(group)) expect(Array.from(data).every(Number.isFinite)).toBe(true);
      }
    });
    expect(leaked).toBe(0);
  });

  it('is refused where it would never begin, and for methods in stages', async () => {
    await expect(make({ startStep: 8 })).rejects.toThrow('would begin after 8 steps, but the run has 8');
    const recipe = tinyRecipe('ctm');
    const staged = { ...ctmObjective({ adversarial }), stage: () => ({ index: 0, step: 0, totalSteps: 1 }) };
    const options = {
      network,
      preconditioning: ctmPreconditioning(),
      optimizer: optimizerFromRecipe(recipe.optimizer),
    };
    expect(() => makeTrainStep({ ...options, objective: staged, teacher: () => ring.denoiser })).toThrow(
      'has both stages and an adversary',
    );
  });

  it('reports an adversary whose gradient is not finite', () => {
    const one = (value: number) => hostTensor(Float32Array.of(value), []);
    const outputs = { loss: one(1), gradNorm: one(1), adversaryNorm: one(NaN) };
    const limits = { loss: 10, grad: 10 };
    const verdict = judgeStep({ step: 4, outputs, draws: {}, names: [] }, limits, watchSettings(tinyRecipe('ctm')));
    expect(verdict).toMatchObject({ acts: true, findings: [{ kind: 'non-finite', step: 4 }] });
  });

  it('takes the optimizer that the recipe names', () => {
    const objective = { adversarial: { startStep: 2, optimizer: { name: 'adam', learningRate: 1e-3 } } };
    const { adversary } = objectiveFromRecipe(tinyRecipe('ctm', { objective }));
    expect(adversary).toMatchObject({ startStep: 2, learningRate: 1e-3, optimizer: { name: 'adam' } });
    const given = objectiveFromRecipe(tinyRecipe('ctm', { objective: { adversarial: { startStep: 2 } } })).adversary;
    expect(given).toMatchObject({ learningRate: 2e-3, optimizer: { name: 'radam' } });
  });
});
