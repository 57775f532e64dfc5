import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { OnestepError } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { describeDataset, makeHostBatch } from '../../src/index';
import { openDataset } from '../../src/node';
import { locateDataset } from '../../src/node/named-datasets';
import { cifarFiles, folderWith, idxFile, ramp } from '../fixtures/files';

describe('openDataset on the real MNIST', () => {
  it('serves 60,000 training images with the known class counts and statistics', async () => {
    const dataset = await openDataset('mnist');
    expect(dataset).toMatchObject({ length: 60_000, shape: [28, 28, 1], numClasses: 10 });
    expect(dataset.id).toMatch(/^mnist\/train\/[0-9a-f]{8}$/);
    const { classCounts, mean, std } = await describeDataset(dataset);
    expect(classCounts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    // The widely used constants 0.1307 and 0.3081 on the scale [0, 1].
    expect((mean + 1) / 2).toBeCloseTo(0.1307, 4);
    expect(std / 2).toBeCloseTo(0.3081, 4);
  });

  it('serves 10,000 test images, the first a 7', async () => {
    const dataset = await openDataset('mnist', { split: 'test' });
    const { classCounts } = await describeDataset(dataset);
    expect(classCounts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    const { labels } = await makeHostBatch(dataset, [0]);
    expect(labels?.data.indexOf(1)).toBe(7);
  });
});

describe('openDataset on a named dataset', () => {
  const fashion = {
    'fashion-mnist/train-images-idx3-ubyte.gz': gzipSync(idxFile([2, 28, 28], ramp(1568))),
    'fashion-mnist/train-labels-idx1-ubyte.gz': gzipSync(idxFile([2], [0, 9])),
  };

  it('finds the layout of the Debian package', () => {
    const systemDir = folderWith(fashion);
    const path = locateDataset('fashion-mnist', { resolveFrom: '.', systemDir });
    expect(path).toBe(join(systemDir, 'fashion-mnist'));
  });

  it('looks into dataDir first, and knows the names of the classes', async () => {
    const dataset = await openDataset('fashion-mnist', { dataDir: folderWith(fashion) });
    expect(dataset).toMatchObject({ length: 2, numClasses: 10 });
    expect(dataset.labelNames?.[9]).toBe('Ankle boot');
    expect(dataset.id).toMatch(/^fashion-mnist\/train\//);
  });

  it('refuses a label that the named dataset does not have', async () => {
    const wrong = { ...fashion, 'fashion-mnist/train-labels-idx1-ubyte.gz': gzipSync(idxFile([2], [0, 10])) };
    await expect(openDataset('fashion-mnist', { dataDir: folderWith(wrong) })).rejects.toThrow(
      'byte 9 (label of image 1) is 10, expected below 10',
    );
  });

  it('finds CIFAR-10 in dataDir', async () => {
    const files = Object.entries(cifarFiles()).map(([name, bytes]) => [`cifar-10-batches-bin/${name}`, bytes] as const);
    const dataset = await openDataset('cifar10', { dataDir: folderWith(Object.fromEntries(files)) });
    expect(dataset.length).toBe(10);
  });

  it('gives the command that would add what is absent', () => {
    const nowhere = { resolveFrom: '.', systemDir: folderWith() };
    const locate = (): unknown => locateDataset('fashion-mnist', nowhere);
    expect(locate).toThrow(OnestepError);
    expect(locate).toThrow('Run `sudo apt-get install dataset-fashion-mnist`');
    expect(() => locateDataset('cifar10', nowhere)).toThrow('$ONESTEP_DATA_DIR');
  });
});

describe('openDataset', () => {
  it('lists the named datasets when a path does not exist', async () => {
    const opened = openDataset('./no-such-place');
    await expect(opened).rejects.toThrow('no-such-place does not exist');
    await expect(opened).rejects.toThrow('mnist, fashion-mnist, cifar10');
    await expect(opened).rejects.toMatchObject({ code: 'bad-data-file' });
  });

  it('says what to pass instead of a single IDX file, and refuses any other file', async () => {
    const folder = folderWith({ idx: idxFile([1, 2, 2], ramp(4)), text: 'hello', empty: '', gz: gzipSync('hello') });
    await expect(openDataset(join(folder, 'idx'))).rejects.toThrow('is a single IDX file');
    for (const name of ['text', 'empty', 'gz']) {
      await expect(openDataset(join(folder, name))).rejects.toThrow('is no known kind of dataset');
    }
  });

  it.each([
    [{ imageSize: 0 }, 'imageSize must be an integer in [1, 4096], got 0'],
    [{ imageSize: 5000 }, 'got 5000'],
    [{ channels: 2 as 1 }, 'channels must be 1 or 3, got 2'],
    [{ split: 'validation' as 'test' }, 'split must be train or test, got "validation"'],
  ])('refuses %o', async (options, message) => {
    const opened = openDataset('mnist', options);
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toBeInstanceOf(RangeError);
  });
});
