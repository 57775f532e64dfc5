import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OnestepError } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../src/node';
import { folderWith, picture, zipFile, type ZipEntry } from '../fixtures/files';

let images: ZipEntry[];

beforeAll(async () => {
  images = [
    { name: '00000/img1.png', content: await picture('png', 2, 2, [1, 1, 1]) },
    { name: '00000/img0.png', content: await picture('png', 2, 2, [2, 0, 0]), deflate: true },
    { name: '00001/img2.png', content: await picture('png', 2, 2, [3, 0, 0]) },
  ];
});

const manifest = (labels: unknown): ZipEntry => ({ name: 'dataset.json', content: JSON.stringify({ labels }) });
const goodLabels = [
  ['00000/img0.png', 6],
  ['00000/img1.png', 2],
  ['00001\\img2.png', 0],
];

function zipAt(entries: readonly ZipEntry[]): string {
  const path = join(folderWith(), 'images.zip');
  writeFileSync(path, zipFile(entries));
  return path;
}

describe('openDataset on a zip of images', () => {
  it('sorts the images and takes the labels of dataset.json', async () => {
    const dataset = await openDataset(zipAt([...images, manifest(goodLabels)]));
    expect(dataset).toMatchObject({ length: 3, shape: [2, 2, 3], numClasses: 7 });
    expect(dataset.id).toMatch(/^zip\/train\/[0-9a-f]{8}\/2x2x3$/);
    const pixels = new Uint8Array(12);
    const seen: unknown[] = [];
    for (const index of [0, 1, 2]) seen.push([await dataset.read(index, pixels), pixels[0]]);
    expect(seen).toEqual([
      [6, 2],
      [2, 1],
      [0, 3],
    ]);
    dataset.close?.();
  });

  it('has no labels without dataset.json or with labels null', async () => {
    for (const entries of [images, [...images, manifest(null)]]) {
      const dataset = await openDataset(zipAt(entries));
      expect(dataset).toMatchObject({ length: 3, numClasses: 0 });
      expect(await dataset.read(0, new Uint8Array(12))).toBe(-1);
      dataset.close?.();
    }
  });

  it('serves many reads at once', async () => {
    const dataset = await openDataset(zipAt(images));
    const reads = Array.from({ length: 60 }, async (_, i) => dataset.read(i % 3, new Uint8Array(12)));
    expect(await Promise.all(reads)).toEqual(new Array(60).fill(-1));
    dataset.close?.();
  });

  it('has an id of its entries, not of their order in the file', async () => {
    const ids: string[] = [];
    for (const entries of [images, [...images].reverse(), images.slice(0, 2)]) {
      const dataset = await openDataset(zipAt(entries));
      ids.push(dataset.id);
      dataset.close?.();
    }
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it.each([
    ['too few labels', goodLabels.slice(1), 'has 2 labels, expected 3, one for each image'],
    ['a label for no image', [...goodLabels.slice(1), ['other.png', 1]], 'has no label for 00000/img0.png'],
    ['a label twice', [...goodLabels, ['00001/img2.png', 1]], 'labels[3] names "00001/img2.png" a second time'],
    ['a negative label', [['00000/img0.png', -1]], 'labels[0] must be [name, integer in [0, 100000)]'],
    ['a vector for a label', [['00000/img0.png', [0, 1]]], 'labels[0] must be [name, integer'],
    ['a prototype for a name', [['__proto__', 1]], 'has 1 labels, expected 3'],
    ['labels of another type', 'none', 'must hold {"labels": [[name, label], ...]}'],
  ])('refuses %s', async (_, labels, message) => {
    const opened = openDataset(zipAt([...images, manifest(labels)]));
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toBeInstanceOf(OnestepError);
  });

  it.each<[string, () => ZipEntry[], string]>([
    ['a name that leaves the folder', () => [{ ...images[0], name: '../img.png' }], 'is a damaged zip'],
    ['an absolute name', () => [{ ...images[0], name: '/etc/img.png' }], 'is a damaged zip'],
    ['a backslash in a name', () => [{ ...images[0], name: 'a\\b.png' }], 'is a damaged zip'],
    ['a name twice', () => [images[0], images[0]], 'holds 00000/img1.png twice'],
    ['an encrypted image', () => [{ ...images[0], deflate: true, encrypted: true }], 'is encrypted'],
    ['a dataset.json that is not JSON', () => [...images, { name: 'dataset.json', content: '{' }], 'is not JSON'],
    ['no images', () => [manifest([])], 'holds no data'],
    ['an empty zip', () => [], 'holds no data'],
    [
      'an image that announces gigabytes',
      () => [{ name: 'a.png', content: 'x', deflate: true, announcedSize: 2 ** 31 }],
      'a.png announces 2147483648 bytes, expected at most 67108864',
    ],
    [
      'an image that unpacks to more than it announces',
      () => [{ name: 'a.png', content: new Uint8Array(1 << 20), deflate: true, announcedSize: 100 }],
      'a.png is a damaged zip',
    ],
  ])('refuses %s', async (_, entries, message) => {
    const opened = openDataset(zipAt(entries()));
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toBeInstanceOf(OnestepError);
  });

  it('refuses content that does not match its checksum', async () => {
    const folder = folderWith();
    const bytes = zipFile([{ name: 'a.png', content: images[0].content }]);
    bytes[bytes.indexOf('IDAT') - 10] ^= 1;
    const path = join(folder, 'changed.zip');
    writeFileSync(path, bytes);
    await expect(openDataset(path)).rejects.toThrow('a.png is a damaged zip (its CRC-32 does not match)');
  });

  it('refuses every truncation with an OnestepError', async () => {
    const folder = folderWith();
    const bytes = zipFile([...images, manifest(goodLabels)]);
    for (let length = 0; length < bytes.length; length += 41) {
      const path = join(folder, `${length}.zip`);
      writeFileSync(path, bytes.subarray(0, length));
      await expect(openDataset(path)).rejects.toBeInstanceOf(OnestepError);
    }
  });
});
