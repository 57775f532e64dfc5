import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { OnestepError } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../src/node';
import { cifarFile, cifarFiles, folderWith, tarEntry, tarFile } from '../fixtures/files';

const entries = (files: Record<string, Uint8Array>): Uint8Array[] =>
  Object.entries(files).map(([name, bytes]) => tarEntry(`cifar-10-batches-bin/${name}`, bytes));

const archive = (content: Uint8Array): string => join(folderWith({ 'cifar.tar.gz': content }), 'cifar.tar.gz');

describe('openDataset on CIFAR-10', () => {
  it('reads the same from the folder, from the folder around it, from the .tar and from the .tar.gz', async () => {
    const nested = Object.fromEntries(Object.entries(cifarFiles()).map(([k, v]) => [`cifar-10-batches-bin/${k}`, v]));
    const tar = tarFile(entries({ 'readme.html': Buffer.from('<html>'), ...cifarFiles() }));
    const specs = [folderWith(cifarFiles()), folderWith(nested), archive(tar), archive(gzipSync(tar))];
    const opened = await Promise.all(specs.map((spec) => openDataset(spec)));
    const ids = new Set(opened.map(({ id }) => id));
    expect(ids.size).toBe(1);
    expect([...ids][0]).toMatch(/^cifar10\/train\/[0-9a-f]{8}$/);
    for (const dataset of opened) {
      expect(dataset).toMatchObject({ length: 10, shape: [32, 32, 3], numClasses: 10 });
      const labels = Array.from({ length: 10 }, (_, i) => dataset.read(i, new Uint8Array(3072)));
      expect(labels).toEqual([1, 2, 2, 3, 3, 4, 4, 5, 5, 6]);
    }
  });

  it('opens the test split', async () => {
    const test = await openDataset(archive(gzipSync(tarFile(entries(cifarFiles())))), { split: 'test' });
    const out = new Uint8Array(3072);
    expect(test.length).toBe(3);
    expect(test.read(0, out)).toBe(9);
    expect(Array.from(out.subarray(0, 6))).toEqual([200, 210, 220, 9, 10, 11]);
  });

  it('names the batch that is absent', async () => {
    const rest = Object.fromEntries(Object.entries(cifarFiles()).filter(([name]) => name !== 'data_batch_3.bin'));
    await expect(openDataset(folderWith(rest))).rejects.toThrow('has no file data_batch_3.bin');
    await expect(openDataset(archive(gzipSync(tarFile(entries(rest)))))).rejects.toThrow(
      'holds no file data_batch_3.bin',
    );
  });

  const packed = gzipSync(tarFile(entries(cifarFiles())));
  const oversized = tarEntry('data_batch_1.bin', new Uint8Array(0), 2 ** 30);
  const wrongSum = tarFile(entries(cifarFiles()));
  wrongSum[150] ^= 1;
  it.each([
    ['a truncated .tar.gz', packed.subarray(0, packed.length >> 1), 'is a damaged gzip file'],
    ['a tar cut inside a batch', gzipSync(tarFile(entries(cifarFiles())).subarray(0, 9000)), 'is a damaged tar file'],
    ['a wrong header checksum', gzipSync(wrongSum), 'is a damaged tar file'],
    ['an entry of a gigabyte', gzipSync(tarFile([oversized])), 'announces 1073741824 bytes for data_batch_1.bin'],
    [
      'a file that is there twice',
      gzipSync(tarFile([...entries(cifarFiles()), tarEntry('data_batch_1.bin', cifarFile([1]))])),
      'holds data_batch_1.bin twice',
    ],
    ['a gzip file inside a gzip file', gzipSync(packed), 'is no known kind of dataset'],
  ])('refuses %s', async (_, content, message) => {
    const opened = openDataset(archive(content));
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toBeInstanceOf(OnestepError);
  });

  it('writes nothing for entries that point outside', async () => {
    const files = Object.entries(cifarFiles()).map(([name, bytes]) => tarEntry(`../../${name}`, bytes));
    expect((await openDataset(archive(gzipSync(tarFile(files))))).length).toBe(10);
  });
});
