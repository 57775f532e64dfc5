import { beforeAll, describe, expect, it } from 'vitest';
import { edmPreconditioning, type Condition, type Conditioning, type Network } from '@onestep/core';
import { hostTensor, useBackend, type HostTensor } from '@onestep/tensor';
import { createTrainer, type HostBatch, type TeacherModel, type TrainerOptions } from '@onestep/training';
import { tinyRecipe } from '../recipes-for-tests';
import { ringBatches, tinyNetwork } from '../tiny-network';

beforeAll(() => useBackend('cpu'));

const told = tinyNetwork({ augmentChannels: 9 });
const untold = tinyNetwork();
const augmented = { spec: 'ring', augment: {} };

/** Weights after three steps. */
async function trained(options: Partial<TrainerOptions> & Pick<TrainerOptions, 'recipe'>) {
  const trainer = await createTrainer({ network: told, batches: ringBatches(8, 0, 9), ...options });
  try {
    await trainer.run();
    return (await trainer.readState()).groups.student;
  } finally {
    trainer.dispose();
  }
}

const recipe = (changes: Record<string, unknown> = {}) => tinyRecipe('edm', { steps: 3, ...changes });
const withAugment = (augment: HostTensor | undefined) => (n: number) => ({ ...ringBatches(8)(n), augment });

/** The network, and what it was conditioned on at each call. */
function watched(network: Network) {
  const seen: Conditioning[] = [];
  const apply: Network['apply'] = (params, x, conditioning, options) => {
    seen.push(conditioning);
    return network.apply(params, x, conditioning, options);
  };
  return { network: { ...network, apply }, seen };
}

describe('augmentation labels', () => {
  it('reach the network: others make other weights, and none are as good as zeros', async () => {
    const some = await trained({ recipe: recipe({ dataset: augmented }) });
    const none = await trained({ recipe: recipe(), batches: ringBatches(8) });
    const zeros = await trained({ recipe: recipe(), batches: withAugment(hostTensor(new Float32Array(72), [8, 9])) });
    expect(some.u).not.toEqual(none.u);
    expect(zeros).toEqual(none);
  });

  it.each<[string, (batchNumber: number) => HostBatch, object, Network, RegExp]>([
    ['none, though the recipe augments', ringBatches(8), augmented, told, /batch 0 has no augmentation labels/],
    ['some, though the network takes none', ringBatches(8, 0, 9), { spec: 'ring' }, untold, /would learn to make/],
    ['some of another width', ringBatches(8, 0, 4), augmented, told, /labels have shape \[8, 4\], expected \[8, 9\]/],
  ])('are refused where there are %s', async (_, batches, dataset, network, message) => {
    await expect(trained({ recipe: recipe({ dataset }), network, batches })).rejects.toThrow(message);
  });

  it('go to a teacher that takes them, and to no other', async () => {
    const distil = async (teacherNetwork: Network) => {
      const { network, seen } = watched(teacherNetwork);
      const start = await createTrainer({ recipe: recipe(), network: teacherNetwork, batches: ringBatches(8) });
      const params = (await start.readState()).groups.student;
      start.dispose();
      await trained({ recipe: tinyRecipe('cd', { steps: 1, dataset: augmented }), teacher: { params, network } });
      return seen.map(({ augment }) => augment?.shape);
    };
    expect(await distil(told)).toEqual([[8, 9], [8, 9]]); // prettier-ignore
    expect(await distil(untold)).toEqual([undefined, undefined]);
  });

  it('go to a teacher known in closed form, with everything else', async () => {
    const seen: (Condition | undefined)[] = [];
    const teacher: TeacherModel = {
      params: {},
      denoiser: () => (x, _, condition) => {
        seen.push(condition);
        return x;
      },
    };
    await trained({ recipe: tinyRecipe('cd', { steps: 1, dataset: augmented }), teacher });
    expect(seen.map((condition) => condition?.augment?.shape)).toEqual([[8, 9], [8, 9]]); // prettier-ignore
  });

  it('go to the teacher that was the student, in every stage', async () => {
    const { network, seen } = watched(told);
    const start = await createTrainer({ recipe: recipe(), network, batches: ringBatches(8) });
    const params = (await start.readState()).groups.student;
    start.dispose();
    const stages = { startScales: 2, doubledStages: 0 };
    await trained({
      recipe: tinyRecipe('pd', { steps: 4, dataset: augmented, objective: stages, init: { from: 'teacher' } }),
      network,
      teacher: { params, preconditioning: edmPreconditioning() },
    });
    expect(seen.length).toBe(12);
    expect(seen.every(({ augment }) => augment !== undefined)).toBe(true);
  });
});
