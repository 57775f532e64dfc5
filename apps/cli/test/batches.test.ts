import { join, resolve } from 'node:path';
import { parseRecipe } from '@onestep/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { absoluteSpec, openTrainingData } from '../src/compose/batches';
import { scratchFolder } from './support/cli';
import { smallRecipe, writeSmallDigits } from './support/small-data';

it('keeps the names of datasets and makes paths absolute, so that a run resumes from any folder', () => {
  const named = ['mnist', 'fashion-mnist', 'cifar10', 'mixture-2d', 'mixture-16d'];
  expect(named.map(absoluteSpec)).toEqual(named);
  expect(absoluteSpec('./digits')).toBe(resolve('digits'));
});

describe('augmented batches', () => {
  const scratch = scratchFolder();
  const digits = join(scratch.path, 'digits');
  beforeAll(() => void writeSmallDigits(digits));
  afterAll(() => scratch.remove());
  const open = (changes: Readonly<Record<string, unknown>>, dataset: Readonly<Record<string, unknown>>) =>
    openTrainingData(parseRecipe(smallRecipe(digits, { ...changes, dataset: { spec: digits, ...dataset } })));

  it('are functions of their number, with images and labels that go by the number of the image', async () => {
    const one = await open({}, { augment: { probability: 0.5 } });
    const again = await open({}, { augment: { probability: 0.5 } });
    const plain = await open({}, {});
    await again.batches(4);
    const batch = await one.batches(3);
    expect(await again.batches(3)).toEqual(batch);
    const { augment, images } = batch;
    const bare = await plain.batches(3);
    expect(augment?.shape).toEqual([8, 9]);
    expect(bare.augment).toBeUndefined();
    for (let i = 0; i < 8; i += 1) {
      const [label, own, before] = [
        augment?.data.slice(9 * i, 9 * (i + 1)),
        images.data.slice(64 * i, 64 * (i + 1)),
        bare.images.data.slice(64 * i, 64 * (i + 1)),
      ];
      expect(label?.every((value) => value === 0)).toBe(own.every((value, j) => value === before[j]));
    }
    // Half as many images in a batch: the second half of batch 3 is batch 7.
    const halves = await open({ batchSize: 4 }, { augment: { probability: 0.5 } });
    expect((await halves.batches(7)).augment?.data).toEqual(augment?.data.slice(36));
  });

  it('are refused for pairs', async () => {
    await expect(open({ method: 'kd' }, { augment: {} })).rejects.toThrow(
      'a pair of noise and image cannot be augmented',
    );
  });
});
