import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '@onestep/tensor';
import { createTrainer, type TeacherModel, type TrainerOptions } from '@onestep/training';
import { tinyRecipe } from '../recipes-for-tests';
import { ringBatches, tinyNetwork } from '../tiny-network';

beforeAll(() => useBackend('cpu'));

const network = tinyNetwork();
const jumping = tinyNetwork({ secondTime: true });
const batches = ringBatches(8);
const augmented = { spec: 'ring', augment: {} };
const denoiser: TeacherModel = { params: {}, denoiser: () => (x) => x };

describe('createTrainer', () => {
  it.each<[string, Partial<TrainerOptions> & Pick<TrainerOptions, 'recipe'>, RegExp]>([
    ['a jump without a second time', { recipe: tinyRecipe('meanflow') }, /needs a network with a second time, "tiny"/],
    ['a second time nobody gives', { recipe: tinyRecipe('ct'), network: jumping }, /"consistency" gives it none/],
    [
      'a teacher that is called without its second time',
      { recipe: tinyRecipe('ctm'), network: jumping, teacher: { params: {} } },
      /has a second time, which the teacher does not know/,
    ],
    ['lost labels where there are none', { recipe: tinyRecipe('edm', { labelDropout: 0.1 }) }, /labelDropout is 0.1/],
    [
      'guidance without labels',
      { recipe: tinyRecipe('cd', { teacher: { guidance: 2 } }), teacher: denoiser },
      /teacher.guidance is 2, but network "tiny" is unconditional/,
    ],
    [
      'augmentation that the network is not told of',
      { recipe: tinyRecipe('edm', { dataset: augmented }) },
      /dataset.augment: network "tiny" takes no augmentation labels and would learn to make augmented images/,
    ],
    [
      'augmentation labels of another width',
      { recipe: tinyRecipe('edm', { dataset: augmented }), network: tinyNetwork({ augmentChannels: 4 }) },
      /takes augmentation labels of width 4/,
    ],
    [
      'a teacher with augmentation labels of another width',
      {
        recipe: tinyRecipe('cd', { dataset: augmented }),
        network: tinyNetwork({ augmentChannels: 9 }),
        teacher: { params: {}, network: tinyNetwork({ augmentChannels: 4 }) },
      },
      /the teacher takes augmentation labels of width 4/,
    ],
    [
      'augmented pairs',
      { recipe: tinyRecipe('kd', { dataset: augmented }), network: tinyNetwork({ augmentChannels: 9 }) },
      /method "kd" learns from pairs of noise and image, which cannot be augmented/,
    ],
    [
      'guidance without a teacher',
      { recipe: tinyRecipe('edm', { teacher: { guidance: 2 } }), network: tinyNetwork({ numClasses: 3 }) },
      /method "edm" calls no teacher/,
    ],
  ])('refuses %s', async (_, options, message) => {
    const made = createTrainer({ network, batches, ...options });
    await expect(made).rejects.toMatchObject({ code: 'invalid-recipe' });
    await expect(made).rejects.toThrow(message);
  });

  it('says that a batch is no pair, where pairs are needed', async () => {
    const imagesOnly = (n: number) => ({ images: batches(n).images });
    const trainer = await createTrainer({ recipe: tinyRecipe('kd'), network, batches: imagesOnly });
    const run = trainer.run();
    await expect(run).rejects.toMatchObject({ code: 'invalid-recipe' });
    await expect(run).rejects.toThrow(/method "kd" learns from pairs .* batch 0 has no pairNoise/);
    trainer.dispose();
  });

  it('starts the branch of a second time afresh where the teacher has none, and says so', async () => {
    const seeded = await createTrainer({ recipe: tinyRecipe('edm', { seed: 3 }), network, batches });
    const params = (await seeded.readState()).groups.student;
    seeded.dispose();
    const recipe = tinyRecipe('ctm', { init: { from: 'teacher' } });
    const trainer = await createTrainer({ recipe, network: jumping, batches, teacher: { params, network } });
    const { student } = (await trainer.readState()).groups;
    expect(trainer.freshParams).toEqual(['u2']);
    trainer.dispose();
    const { u2, ...others } = student;
    expect(others).toEqual(params);
    expect(u2.data.some((value) => value !== 0)).toBe(true);
    expect(network.paramShapes).not.toHaveProperty('u2');
  });
});
