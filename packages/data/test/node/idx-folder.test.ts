import { gzipSync } from 'node:zlib';
import { OnestepError } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../src/node';
import { folderWith, idxFile, ramp } from '../fixtures/files';

const files = {
  'train-images-idx3-ubyte': idxFile([3, 2, 2], ramp(12)),
  'train-labels-idx1-ubyte': idxFile([3], [0, 1, 4]),
  't10k-images-idx3-ubyte': idxFile([2, 2, 2], ramp(8, 100)),
  't10k-labels-idx1-ubyte': idxFile([2], [1, 0]),
};
const zipped = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]));

const without = (name: keyof typeof files): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(files).filter(([key]) => key !== name));

describe('openDataset on a folder of IDX files', () => {
  it('opens both splits, with the classes of both', async () => {
    const folder = folderWith(files);
    const train = await openDataset(folder);
    const test = await openDataset(folder, { split: 'test' });
    expect(train).toMatchObject({ length: 3, shape: [2, 2, 1], numClasses: 5 });
    expect(test).toMatchObject({ length: 2, shape: [2, 2, 1], numClasses: 5 });
    const out = new Uint8Array(4);
    expect(test.read(1, out)).toBe(0);
    expect(Array.from(out)).toEqual([104, 105, 106, 107]);
  });

  it('gives packed and plain files the same id, and other content another', async () => {
    const plain = await openDataset(folderWith(files));
    const packed = await openDataset(folderWith(zipped));
    const other = await openDataset(folderWith({ ...files, 'train-labels-idx1-ubyte': idxFile([3], [0, 1, 3]) }));
    expect(plain.id).toMatch(/^idx\/train\/[0-9a-f]{8}$/);
    expect(packed.id).toBe(plain.id);
    expect(other.id).not.toBe(plain.id);
  });

  it('takes the other customary names', async () => {
    const folder = folderWith({
      'train-images.idx3-ubyte': files['train-images-idx3-ubyte'],
      'train-labels.idx1-ubyte': files['train-labels-idx1-ubyte'],
      'test-images-idx3-ubyte.gz': gzipSync(files['t10k-images-idx3-ubyte']),
      'test-labels-idx1-ubyte': files['t10k-labels-idx1-ubyte'],
    });
    expect((await openDataset(folder)).length).toBe(3);
    expect((await openDataset(folder, { split: 'test' })).length).toBe(2);
  });

  it.each([
    ['absent labels', without('train-labels-idx1-ubyte'), 'has no file train-labels-idx1-ubyte (or'],
    ['an absent split', without('train-images-idx3-ubyte'), 'has no file train-images-idx3-ubyte (or'],
    [
      'a truncated file',
      { ...files, 'train-images-idx3-ubyte': files['train-images-idx3-ubyte'].subarray(0, 20) },
      'train-images-idx3-ubyte is truncated: got 20 bytes, expected 28',
    ],
    [
      'a truncated .gz',
      { ...zipped, 'train-images-idx3-ubyte.gz': zipped['train-images-idx3-ubyte.gz'].subarray(0, 26) },
      'train-images-idx3-ubyte.gz is a damaged gzip file',
    ],
    [
      'a .gz of something else',
      { ...zipped, 'train-images-idx3-ubyte.gz': gzipSync('hello world, this is text') },
      'byte 0 of the magic number is 0x68',
    ],
    [
      'labels that do not match',
      { ...files, 'train-labels-idx1-ubyte': idxFile([2], [0, 1]) },
      'train-labels-idx1-ubyte has dimensions [2], expected [3]',
    ],
  ])('refuses %s', async (_, content, message) => {
    const opened = openDataset(folderWith(content));
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toBeInstanceOf(OnestepError);
  });

  it('refuses a .gz that unpacks to more than its header announces', async () => {
    const bomb = gzipSync(Buffer.concat([idxFile([3, 2, 2], ramp(12)), Buffer.alloc(1 << 24)]));
    expect(bomb.length).toBeLessThan(1 << 16);
    const opened = openDataset(folderWith({ ...zipped, 'train-images-idx3-ubyte.gz': bomb }));
    await expect(opened).rejects.toThrow('unpacks to more than the expected 28 bytes');
  });

  it('refuses a .gz that announces more than the cap, without unpacking it', async () => {
    const header = idxFile([60_000, 1000, 1000], []);
    const opened = openDataset(folderWith({ ...zipped, 'train-images-idx3-ubyte.gz': gzipSync(header) }));
    await expect(opened).rejects.toThrow('announces 60000000016 bytes');
  });

  it('refuses imageSize, as nothing is resized', async () => {
    await expect(openDataset(folderWith(files), { imageSize: 32 })).rejects.toThrow(RangeError);
  });
});
