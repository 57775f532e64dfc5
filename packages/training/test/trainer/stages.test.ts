import { beforeAll, describe, expect, it } from 'vitest';
import { consistencyPreconditioning } from '@onestep/core';
import { eagerRunner, useBackend, type HostTensor, type StepRunnerFactory } from '@onestep/tensor';
import { createTrainer, type HostParams, type TeacherModel, type TrainingState } from '@onestep/training';
import { tinyRecipe } from '../recipes-for-tests';
import { ringBatches, tinyNetwork } from '../tiny-network';

beforeAll(() => useBackend('cpu'));

const network = tinyNetwork({ numClasses: 3 });
const batches = ringBatches(8, 3);

async function teacherParams(): Promise<HostParams> {
  const trainer = await createTrainer({ recipe: tinyRecipe('edm', { seed: 4 }), network, batches });
  const { groups } = await trainer.readState();
  trainer.dispose();
  return groups.student;
}

/** Two stages of ten steps. */
const overrides = {
  objective: { startScales: 2, doubledStages: 0 },
  init: { from: 'teacher' },
  optimizer: { name: 'adam', learningRate: 1e-2, warmupSteps: 4, decay: { from: 0, to: 0 } },
  checkpoint: { everySteps: 1 },
  logging: { everySteps: 1 },
};

async function run(options: { teacher?: TeacherModel; recipe?: object; runnerFactory?: StepRunnerFactory } = {}) {
  const states: TrainingState[] = [];
  const rates: number[] = [];
  const trainer = await createTrainer({
    recipe: tinyRecipe('pd', { ...overrides, ...options.recipe }),
    network,
    batches,
    teacher: options.teacher ?? { params: await teacherParams() },
    runnerFactory: options.runnerFactory,
  });
  states.push(await trainer.readState());
  await trainer.run({
    onCheckpoint: (state) => void states.push(state),
    onLog: (e) => void rates.push(e.learningRate),
  });
  trainer.dispose();
  return { states, rates };
}

describe('training in stages', () => {
  it('makes the student the teacher at the edge, before the first step of the new stage', async () => {
    const { states } = await run();
    const given = await teacherParams();
    for (const step of [0, 5, 10]) expect(states[step].groups.teacher, `step ${step}`).toEqual(given);
    for (const step of [11, 20]) expect(states[step].groups.teacher).toEqual(states[10].groups.student);
    expect(states.map(({ stage }) => stage)).toEqual(states.map((_, step) => (step <= 10 ? 0 : 1)));
    expect(states[10].groups.student).not.toEqual(given);
  });

  it('is refused before anything is made where there are fewer steps than stages', async () => {
    let made = 0;
    const runnerFactory: StepRunnerFactory = (definition) => {
      made += 1;
      return eagerRunner(definition);
    };
    await expect(run({ recipe: { steps: 1 }, runnerFactory })).rejects.toThrow('2 stages need at least 2 steps, got 1');
    expect(made).toBe(0);
  });

  it('starts the optimizer and the learning rate afresh in each stage', async () => {
    const { states, rates } = await run();
    expect(rates.slice(10)).toEqual(rates.slice(0, 10));
    expect(states.map(({ updates }) => updates)).toEqual(states.map((_, step) => (step <= 10 ? step : step - 10)));
    // After one step from zero the moments are a fixed share of one gradient: v = 0.001 g^2, m = 0.1 g.
    for (const step of [1, 11]) {
      const { 'optimizer.m': m, 'optimizer.v': v } = states[step].groups;
      for (const [name, { data }] of Object.entries(m)) {
        data.forEach((value, i) => expect(value ** 2 / 10).toBeCloseTo(v[name].data[i], 6));
      }
    }
  });

  it('compiles nothing again: one runner serves all stages', async () => {
    let made = 0;
    await run({
      runnerFactory: (options) => {
        made += 1;
        return eagerRunner(options);
      },
    });
    expect(made).toBe(1);
  });

  it('guides the first teacher only: the next have learned it', async () => {
    const seen: number[] = [];
    const runnerFactory: StepRunnerFactory = async (options) => {
      const runner = await eagerRunner(options);
      return {
        ...runner,
        step: (inputs: Readonly<Record<string, HostTensor>>) => {
          seen.push(inputs['scalar.guidance'].data[0]);
          return runner.step(inputs);
        },
      };
    };
    await run({ recipe: { teacher: { guidance: 3 } }, runnerFactory });
    expect(seen).toEqual([...Array<number>(10).fill(3), ...Array<number>(10).fill(1)]);
  });

  it.each<[string, () => Promise<TeacherModel>, RegExp]>([
    ['a teacher that is a function', () => Promise.resolve({ params: {}, denoiser: () => (x) => x }), /same network/],
    [
      'a teacher of another architecture',
      async () => ({
        params: await teacherParams(),
        network: { ...network, name: 'other' } as TeacherModel['network'],
      }),
      /same network/,
    ],
    [
      'a teacher of another preconditioning',
      async () => ({ params: await teacherParams(), preconditioning: consistencyPreconditioning() }),
      /both need one preconditioning: the teacher has consistency/,
    ],
  ])('refuses %s', async (_, teacher, message) => {
    await expect(run({ teacher: await teacher() })).rejects.toThrow(message);
  });

  it('refuses a teacher of other shapes', async () => {
    const params = {
      ...(await teacherParams()),
      b1: { dtype: 'float32', shape: [3], data: new Float32Array(3) } as const,
    };
    const recipe = { init: { from: 'random' } };
    await expect(run({ teacher: { params }, recipe })).rejects.toMatchObject({ code: 'invalid-model' });
  });

  it('needs no teacher to go on from a checkpoint', async () => {
    const { states } = await run();
    const trainer = await createTrainer({ recipe: tinyRecipe('pd', overrides), network, batches, resume: states[10] });
    await trainer.run();
    expect((await trainer.readState()).groups).toEqual(states[20].groups);
    trainer.dispose();
  });
});
