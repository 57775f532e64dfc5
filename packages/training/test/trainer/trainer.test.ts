import { beforeAll, describe, expect, it } from 'vitest';
import { edmPreconditioning } from '@onestep/core';
import { countLeaks, hostTensor, type OnestepError, tf, useBackend } from '@onestep/tensor';
import { createTrainer, type LogEntry, type TrainingState } from '@onestep/training';
import { tinyRecipe } from '../recipes-for-tests';
import { ringBatches, tinyNetwork } from '../tiny-network';

beforeAll(() => useBackend('cpu'));

const network = tinyNetwork();
const batches = ringBatches(8);

describe('createTrainer', () => {
  it('keeps the number of tensors constant over 1,000 steps and frees all of them', async () => {
    const { leaked } = await countLeaks(async () => {
      const recipe = tinyRecipe('ct', { steps: 1000, logging: { everySteps: 100 } });
      const trainer = await createTrainer({ recipe, network, batches });
      const counts: number[] = [];
      await trainer.run({ onLog: ({ tensors }) => void counts.push(tensors) });
      expect(counts).toHaveLength(10);
      expect(new Set(counts).size).toBe(1);
      trainer.dispose();
    });
    expect(leaked).toBe(0);
  });

  it('logs means since the last line, and hands samples the averaged weights', async () => {
    const losses: number[] = [];
    const entries: LogEntry[] = [];
    const samples: string[] = [];
    const recipe = tinyRecipe('edm', { steps: 5, logging: { everySteps: 2, samplesEverySteps: 3 } });
    const trainer = await createTrainer({ recipe, network, batches });
    await trainer.run({
      onStep: ({ loss }) => void losses.push(loss),
      onLog: (entry) => void entries.push(entry),
      onSample: ({ step, params }) => void samples.push(`${step} ${Object.keys(params).join(' ')}`),
    });
    trainer.dispose();
    expect(entries.map(({ step, imagesSeen }) => [step, imagesSeen])).toEqual([
      [2, 16],
      [4, 32],
      [5, 40],
    ]);
    expect(entries[0].loss).toBeCloseTo((losses[0] + losses[1]) / 2, 12);
    expect(entries[2].loss).toBe(losses[4]);
    expect(entries[0].learningRate).toBe(2e-3);
    expect(entries[0].imagesPerSecond).toBeGreaterThan(0);
    expect(samples).toEqual(['3 student main', '5 student main']);
  });

  it('starts target and averages as copies of the student', async () => {
    const trainer = await createTrainer({ recipe: tinyRecipe('ct'), network, batches });
    const { groups, step } = await trainer.readState();
    trainer.dispose();
    expect(step).toBe(0);
    expect(groups.target).toEqual(groups.student);
    expect(groups['ema.main']).toEqual(groups.student);
    expect(Object.values(groups['optimizer.m']).every(({ data }) => data.every((value) => value === 0))).toBe(true);
  });

  it('takes a teacher that says nothing else for EDM with the noise embedding of the recipe', async () => {
    const { groups } = await (await createTrainer({ recipe: tinyRecipe('edm'), network, batches })).readState();
    const recipe = tinyRecipe('cd', { steps: 2, preconditioning: { sigmaData: 0.4, cNoise: 'openai' } });
    const studentWith = async (preconditioning?: ReturnType<typeof edmPreconditioning>) => {
      const trainer = await createTrainer({
        recipe,
        network,
        batches,
        teacher: { params: groups.student, preconditioning },
      });
      await trainer.run();
      const state = await trainer.readState();
      trainer.dispose();
      return state.groups.student;
    };
    const given = { sigmaData: 0.4, cNoise: 'openai' } as const;
    expect(await studentWith()).toEqual(await studentWith(edmPreconditioning(given)));
  });

  it('stops at a loss that is not a number, names step, sigma and tensors, and saves nothing', async () => {
    const trainer = await createTrainer({
      recipe: tinyRecipe('edm', { optimizer: { name: 'adam', learningRate: 1e30 }, checkpoint: { everySteps: 1 } }),
      network,
      batches,
    });
    const saved: number[] = [];
    const run = trainer.run({ onCheckpoint: ({ step }: TrainingState) => void saved.push(step) });
    await expect(run).rejects.toMatchObject({ code: 'non-finite' });
    const error = (await run.catch((caught: unknown) => caught)) as OnestepError;
    expect(error.message).toMatch(/step \d+: sigma of the batch is \[.*gradient not finite in tensors? "b1"/);
    expect(saved).not.toContain(error.details.step);
    trainer.dispose();
  });

  it('ends an aborted run after the running step, with a checkpoint, and can go on', async () => {
    const trainer = await createTrainer({ recipe: tinyRecipe('ect'), network, batches });
    const saved: number[] = [];
    const abort = new AbortController();
    const onCheckpoint = ({ step }: TrainingState) => void saved.push(step);
    const onStep = ({ step }: { readonly step: number }) => {
      if (step === 3) abort.abort();
    };
    expect(await trainer.run({ signal: abort.signal, onCheckpoint, onStep })).toMatchObject({
      reason: 'aborted',
      step: 3,
    });
    expect(await trainer.run({ onCheckpoint })).toMatchObject({ reason: 'done', step: 20 });
    expect(saved).toEqual([3, 20]);
    trainer.dispose();
  });

  it('lets the event loop turn during a run, so that an abort from outside is heard', async () => {
    const trainer = await createTrainer({ recipe: tinyRecipe('edm', { steps: 1_000_000 }), network, batches });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 30);
    expect((await trainer.run({ signal: abort.signal })).reason).toBe('aborted');
    trainer.dispose();
  });

  it('ignores the labels of a dataset when the network is unconditional', async () => {
    const trainer = await createTrainer({
      recipe: tinyRecipe('edm', { steps: 1 }),
      network,
      batches: ringBatches(8, 3),
    });
    await expect(trainer.run()).resolves.toMatchObject({ reason: 'done' });
    trainer.dispose();
  });

  it('describes the model it trains', async () => {
    const trainer = await createTrainer({
      recipe: tinyRecipe('ct', { sigma: { min: 0.01, max: 10 } }),
      network,
      batches,
    });
    const { model } = await trainer.readState();
    trainer.dispose();
    expect(model).toMatchObject({
      kind: 'consistency',
      sigmaMin: 0.01,
      sigmaMax: 10,
      shape: [2],
      network: { name: 'tiny' },
    });
    expect(model.preconditioning).toMatchObject({ name: 'consistency', config: { sigmaMin: 0.01 } });
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['a missing teacher', () => createTrainer({ recipe: tinyRecipe('cd'), network, batches }), /needs a teacher/],
    [
      'initial weights from nowhere',
      () => createTrainer({ recipe: tinyRecipe('ect', { init: { from: 'a.safetensors' } }), network, batches }),
      /init.from is "a.safetensors"/,
    ],
    [
      'dropout without a place',
      () => createTrainer({ recipe: tinyRecipe('edm', { dropout: 0.1 }), network, batches }),
      /dropout is 0.1/,
    ],
    [
      'weights of another network',
      () =>
        createTrainer({
          recipe: tinyRecipe('edm'),
          network,
          batches,
          initial: { b1: hostTensor(new Float32Array(3)) },
        }),
      /"b1" has shape \[3\], the network needs \[8\]/,
    ],
  ])('refuses %s', async (_, make, message) => {
    const before = tf.memory().numTensors;
    await expect(make()).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a state that another method made', async () => {
    const edm = await createTrainer({ recipe: tinyRecipe('edm'), network, batches });
    const resume = await edm.readState();
    edm.dispose();
    await expect(createTrainer({ recipe: tinyRecipe('ct'), network, batches, resume })).rejects.toThrow(
      /it lacks target/,
    );
  });

  it('refuses a batch of the wrong shape, naming it', async () => {
    const trainer = await createTrainer({ recipe: tinyRecipe('edm'), network, batches: ringBatches(4) });
    await expect(trainer.run()).rejects.toThrow('trainer: batch 0: images have shape [4, 2], expected [8, 2].');
    trainer.dispose();
  });
});
