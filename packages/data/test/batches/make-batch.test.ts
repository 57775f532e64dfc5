import { countLeaks, disposeParams, tf, useBackend } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  arrayDataset,
  augmentationLabels,
  augmentImages,
  makeBatch,
  makeHostBatch,
  noAugmentation,
  type Dataset,
} from '../../src/index';
import { ramp } from '../fixtures/files';

beforeAll(() => useBackend('cpu'));

const shape = [2, 3, 1] as const;
const labelled = arrayDataset({ id: 'ramp', images: ramp(24), shape, labels: [2, 0, -1, 1] });

describe('makeHostBatch', () => {
  it('reads images in the order of the indices, in [-1, 1], with one-hot labels', async () => {
    const { images, labels, indices } = await makeHostBatch(labelled, [3, 0]);
    expect(images.shape).toEqual([2, 2, 3, 1]);
    const bytes = [18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5];
    expect(Array.from(images.data)).toEqual(bytes.map((byte) => Math.fround(byte / 127.5 - 1)));
    expect(labels).toEqual({ dtype: 'float32', shape: [2, 3], data: Float32Array.of(0, 1, 0, 0, 0, 1) });
    expect(indices).toEqual(Uint32Array.of(3, 0));
  });

  it('gives an image without a label a row of zeros', async () => {
    const { labels } = await makeHostBatch(labelled, [2]);
    expect(labels?.data).toEqual(Float32Array.of(0, 0, 0));
  });

  it('leaves labels out when the dataset has none', async () => {
    const { labels } = await makeHostBatch(arrayDataset({ id: 'x', images: ramp(6), shape }), [0]);
    expect(labels).toBeUndefined();
  });

  it('mirrors exactly the images whose flip is 1, and leaves the dataset as it was', async () => {
    const flipped = await makeHostBatch(labelled, [0, 0], { flips: Uint8Array.of(0, 1) });
    const bytes = [0, 1, 2, 3, 4, 5, 2, 1, 0, 5, 4, 3];
    expect(Array.from(flipped.images.data)).toEqual(bytes.map((byte) => Math.fround(byte / 127.5 - 1)));
    const again = await makeHostBatch(labelled, [0]);
    expect(Array.from(again.images.data)).toEqual(bytes.slice(0, 6).map((byte) => Math.fround(byte / 127.5 - 1)));
  });

  it('augments after the flips, and labels the augmentation', async () => {
    const augmentation = [noAugmentation, { ...noAugmentation, xFlip: true }, { ...noAugmentation, scale: 1 }];
    const plain = await makeHostBatch(labelled, [0, 1, 2]);
    const got = await makeHostBatch(labelled, [0, 1, 2], { flips: Uint8Array.of(0, 1, 0), augmentation });
    const expected = augmentImages(plain.images, [noAugmentation, noAugmentation, augmentation[2]]);
    expect(got.images).toEqual(expected.images);
    expect(got.augment).toEqual(augmentationLabels(augmentation));
    expect(got.labels).toEqual(plain.labels);
    expect(plain).not.toHaveProperty('augment');
    await expect(makeHostBatch(labelled, [0, 1], { augmentation })).rejects.toThrow(
      'augmentation must hold 2 entries, got 3',
    );
  });

  it('keeps the order of slow reads that finish out of order', async () => {
    const slow: Dataset = {
      ...labelled,
      length: 200,
      async read(index, out) {
        await new Promise((done) => setTimeout(done, index % 3));
        out.fill(index);
        return index % 3;
      },
    };
    const indices = Array.from({ length: 150 }, (_, i) => 199 - i);
    const { images } = await makeHostBatch(slow, indices);
    const first = indices.map((_, i) => Math.round((images.data[i * 6] + 1) * 127.5));
    expect(first).toEqual(indices);
  });

  it.each([
    [[], undefined, 'indices must hold at least one index'],
    [[4], undefined, 'indices[0] must be an integer in [0, 4), got 4'],
    [[0, -1], undefined, 'indices[1]'],
    [[0, 0.5], undefined, 'indices[1]'],
    [[0, 1], Uint8Array.of(1), 'flips must hold 2 values, got 1'],
  ])('refuses indices %o', async (indices, flips, message) => {
    await expect(makeHostBatch(labelled, indices, { flips })).rejects.toThrow(message);
  });

  it('names the image whose label the dataset itself does not allow', async () => {
    const wrong: Dataset = { ...labelled, read: () => 3 };
    await expect(makeHostBatch(wrong, [1])).rejects.toMatchObject({ code: 'bad-data-file' });
  });
});

describe('makeBatch', () => {
  it('uploads the same numbers and leaves nothing behind but its tensors', async () => {
    const host = await makeHostBatch(labelled, [1, 3]);
    const { leaked } = await countLeaks(async () => {
      const { images, labels, indices } = await makeBatch(labelled, [1, 3]);
      expect(images.shape).toEqual([2, 2, 3, 1]);
      expect(labels?.shape).toEqual([2, 3]);
      expect(await images.data()).toEqual(host.images.data);
      expect(await labels?.data()).toEqual(host.labels?.data);
      expect(indices).toEqual(host.indices);
      disposeParams({ images, ...(labels === undefined ? {} : { labels }) });
    });
    expect(leaked).toBe(0);
    const { augment, ...others } = await makeBatch(labelled, [1], {
      augmentation: [{ ...noAugmentation, yFlip: true }],
    });
    expect(await augment?.data()).toEqual(Float32Array.of(0, 1, 0, 0, 0, 0, 0, 0, 0));
    tf.dispose([augment, others.images, others.labels]);
  });
});
