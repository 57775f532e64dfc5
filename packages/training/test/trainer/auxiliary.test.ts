import { beforeAll, describe, expect, it } from 'vitest';
import { countLeaks, readSafetensors, tf, useBackend } from '@onestep/tensor';
import { createTrainer, edmObjective, filesToState, stateToFiles, type Objective } from '@onestep/training';
import { tinyRecipe } from '../recipes-for-tests';
import { ringBatches, tinyNetwork } from '../tiny-network';

beforeAll(() => useBackend('cpu'));

const network = tinyNetwork();
const batches = ringBatches(8);
const inner = edmObjective();

/** Loss e^-a l + 5 a with a learned scalar a, whose gradient at zero is 5 - mean l. */
const weighted: Objective = {
  ...inner,
  auxiliary: { 'log.scale': [] },
  loss(student, batch, targets, models) {
    const a = student.auxiliary['log.scale'];
    return tf.add(tf.mul(inner.loss(student, batch, targets, models), tf.exp(tf.neg(a))), tf.mul(a, 5));
  },
};

const make = (overrides: Record<string, unknown> = {}) =>
  createTrainer({ recipe: tinyRecipe('edm', overrides), network, batches, objective: weighted });

describe('what an objective learns beside the network', () => {
  it('starts at zero, is trained with the student, and stays out of model files and averages', async () => {
    const { leaked } = await countLeaks(async () => {
      const trainer = await make();
      const before = await trainer.readState();
      expect([...before.groups.auxiliary['log.scale'].data]).toEqual([0]);
      expect(before.groups['optimizer.m']).toHaveProperty(['auxiliary.log.scale']);
      await trainer.run();
      const { groups } = await trainer.readState();
      trainer.dispose();
      expect(groups.auxiliary['log.scale'].data[0]).not.toBe(0);
      for (const name of ['student', 'ema.main']) expect(Object.keys(groups[name])).toEqual(Object.keys(network.paramShapes)); // prettier-ignore
    });
    expect(leaked).toBe(0);
  });

  it('counts in the norm that is clipped', async () => {
    const norms: number[] = [];
    const losses: number[] = [];
    const trainer = await make({ steps: 1 });
    await trainer.run({
      onLog({ gradNorm, loss }) {
        norms.push(gradNorm);
        losses.push(loss);
      },
    });
    const { groups } = await trainer.readState();
    trainer.dispose();
    // RAdam's first moment after one step is a tenth of the gradient.
    const grads = Object.values(groups['optimizer.m']).flatMap(({ data }) => [...data].map((value) => 10 * value));
    expect(norms[0]).toBeCloseTo(Math.hypot(...grads), 3);
    expect(10 * groups['optimizer.m']['auxiliary.log.scale'].data[0]).toBeCloseTo(5 - losses[0], 3);
  });

  it('is written to a file of its own, which is no model, and read back', async () => {
    const trainer = await make({ steps: 3 });
    await trainer.run();
    const state = await trainer.readState();
    trainer.dispose();
    const files = stateToFiles(state);
    expect(filesToState(files)).toEqual(state);
    expect(readSafetensors(files.get('auxiliary.safetensors')!).metadata).toEqual({});
    expect(Object.keys(readSafetensors(files.get('model.safetensors')!).tensors)).not.toContain('auxiliary.log.scale');
  });

  it('must be in a state to resume from', async () => {
    const plain = await createTrainer({ recipe: tinyRecipe('edm'), network, batches });
    const resume = await plain.readState();
    plain.dispose();
    const recipe = tinyRecipe('edm');
    await expect(createTrainer({ recipe, network, batches, objective: weighted, resume })).rejects.toThrow(
      /it lacks auxiliary/,
    );
  });
});
