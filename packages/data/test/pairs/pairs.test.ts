import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostTensor, randomStream, readSafetensors, writeSafetensors, type HostTensor } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { pairBatches } from '../../src/index';
import { openPairs, writePairs, type PairsChunk } from '../../src/node';
import { folderWith } from '../fixtures/files';

const description = {
  teacher: 'ab'.repeat(32),
  sampler: 'heun',
  steps: 18,
  sigmaMax: 80,
  seed: 7,
  length: 5,
  shape: [2, 3, 1],
  numClasses: 3,
};
const noise = randomStream(1, 'noise').normal(30);
const images = randomStream(1, 'images').normal(30);
const labels = [0, 2, -1, 1, 2];

const rows = (data: Float32Array, from: number, to: number): HostTensor =>
  hostTensor(data.slice(6 * from, 6 * to), [to - from, 2, 3, 1]);
const chunk = (from: number, to: number): PairsChunk => ({
  noise: rows(noise, from, to),
  images: rows(images, from, to),
  labels: labels.slice(from, to),
});
const classes = (...numbers: number[]): HostTensor => ({
  dtype: 'int32',
  shape: [numbers.length],
  data: Int32Array.from(numbers),
});
const freshPath = (): string => join(folderWith(), 'pairs.safetensors');

async function written(chunks: Iterable<PairsChunk> = [chunk(0, 2), chunk(2, 5)]): Promise<string> {
  const path = freshPath();
  await writePairs(path, description, chunks);
  return path;
}

/** The same file with its tensors and metadata changed. */
async function changed(
  change: (parts: { tensors: Record<string, HostTensor>; metadata: Record<string, string> }) => void,
): Promise<string> {
  const path = await written();
  const { tensors, metadata } = readSafetensors(readFileSync(path));
  const parts = { tensors: { ...tensors }, metadata: { ...metadata } };
  change(parts);
  writeFileSync(path, writeSafetensors(parts.tensors, parts.metadata));
  return path;
}

describe('pairs on disk', () => {
  it('come back to the bit, noise, image and label of an index together', async () => {
    const pairs = await openPairs(await written());
    expect(pairs).toMatchObject(description);
    const batch = await pairs.read([3, 0, 2, 3]);
    expect(batch.images.shape).toEqual([4, 2, 3, 1]);
    [3, 0, 2, 3].forEach((index, k) => {
      expect(batch.pairNoise.data.slice(6 * k, 6 * k + 6)).toEqual(noise.slice(6 * index, 6 * index + 6));
      expect(batch.images.data.slice(6 * k, 6 * k + 6)).toEqual(images.slice(6 * index, 6 * index + 6));
    });
    expect([...(batch.labels?.data ?? [])]).toEqual([0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0]);
    expect([...batch.indices]).toEqual([3, 0, 2, 3]);
    await pairs.close();
  });

  it('are a plain safetensors file, the same however the pairs were cut into chunks', async () => {
    const once = readFileSync(await written([chunk(0, 5)]));
    const often = readFileSync(await written([chunk(0, 1), chunk(1, 4), chunk(4, 5)]));
    expect(often.equals(once)).toBe(true);
    const { tensors } = readSafetensors(once);
    expect(tensors.noise.data).toEqual(noise);
    expect(tensors.images.data).toEqual(images);
    expect([...tensors.labels.data]).toEqual(labels);
  });

  it('have an id that depends on what they hold', async () => {
    const other = { ...chunk(0, 5), images: rows(noise, 0, 5) };
    const [first, again, differing] = await Promise.all(
      [[chunk(0, 5)], [chunk(0, 3), chunk(3, 5)], [other]].map(async (chunks) => {
        const pairs = await openPairs(await written(chunks));
        await pairs.close();
        return pairs.id;
      }),
    );
    expect(first).toMatch(/^pairs\/abababab\/[0-9a-f]{8}$/);
    expect(again).toBe(first);
    expect(differing).not.toBe(first);
  });

  it('carry no labels where there are no classes, and take rows of any shape', async () => {
    const path = freshPath();
    const flat = { noise: hostTensor(noise, [15, 2]), images: hostTensor(images, [15, 2]) };
    await writePairs(path, { ...description, length: 15, shape: [2], numClasses: 0 }, [flat]);
    const pairs = await openPairs(path);
    const batch = await pairs.read([14]);
    expect(batch.labels).toBeUndefined();
    expect([...batch.images.data]).toEqual([...images.slice(28)]);
    await pairs.close();
  });

  it('make batches that are always the same, every pair once an epoch', async () => {
    const pairs = await openPairs(await written());
    const batches = pairBatches(pairs, { batchSize: 5, seed: 3 });
    const [first, second] = [await batches(0), await batches(1)];
    expect([...first.indices].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(await pairBatches(pairs, { batchSize: 5, seed: 3 })(1)).toEqual(second);
    expect(await batches(0)).toEqual(first);
    await pairs.close();
  });
});

describe('writePairs', () => {
  it.each([
    ['too few pairs', [chunk(0, 2)], 'expected 5 pairs, got 2'],
    ['too many pairs', [chunk(0, 5), chunk(0, 1)], 'expected 5 pairs, got at least 6'],
    ['noise of another size', [{ ...chunk(0, 5), noise: rows(noise, 0, 4) }], 'noise of a chunk must be float32 [5,'],
    ['missing labels', [{ ...chunk(0, 5), labels: undefined }], 'must have 5 labels, got 0'],
    ['a label without a class', [{ ...chunk(0, 5), labels: [0, 1, 2, 3, 0] }], 'in -1 .. 2, got 3'],
    [
      'a value that is not finite',
      [{ ...chunk(0, 5), images: hostTensor(new Float32Array(30).fill(NaN), [5, 2, 3, 1]) }],
      'images of a chunk must be finite, got NaN',
    ],
  ] as const)('refuses %s and leaves no file', async (_, chunks, message) => {
    const path = freshPath();
    await expect(writePairs(path, description, chunks)).rejects.toThrow(message);
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  it('keeps an older file when a new one fails, and says which part of a description is wrong', async () => {
    const path = await written();
    const before = readFileSync(path);
    const failing = function* (): Generator<PairsChunk> {
      yield chunk(0, 2);
      throw new Error('the sampler stopped');
    };
    await expect(writePairs(path, description, failing())).rejects.toThrow('the sampler stopped');
    expect(readFileSync(path).equals(before)).toBe(true);
    await expect(writePairs(path, { ...description, teacher: 'me' }, [])).rejects.toThrow(
      'teacher must be 64 hexadecimal digits, got "me"',
    );
    await expect(writePairs(path, { ...description, steps: 0 }, [])).rejects.toThrow('steps must be an integer >= 1');
  });
});

describe('openPairs', () => {
  it.each([
    ['another format', 'no file of pairs', (p: { metadata: Record<string, string> }) => delete p.metadata.format],
    ['another version', 'format version "2"', (p) => (p.metadata.version = '2')],
    ['a damaged number', 'steps must be an integer >= 1, got null', (p) => (p.metadata.steps = 'many')],
    ['a missing field', 'sigmaMax must be > 0', (p) => delete p.metadata.sigmaMax],
    [
      'a missing tensor',
      'expected the tensors images, labels, noise, got images, noise',
      (p) => delete p.tensors.labels,
    ],
    [
      'noise of another shape',
      'images are [5, 2, 3, 1], but noise is [5, 6]',
      (p) => (p.tensors.noise = hostTensor(noise, [5, 6])),
    ],
    ['labels of another length', 'labels must be I32 [5], got I32 [1]', (p) => (p.tensors.labels = classes(0))],
  ] as const satisfies readonly (readonly [
    string,
    string,
    (parts: { tensors: Record<string, HostTensor>; metadata: Record<string, string> }) => unknown,
  ])[])('refuses a file with %s', async (_, message, change) => {
    const path = await changed(change);
    await expect(openPairs(path)).rejects.toMatchObject({ code: 'bad-data-file' });
    await expect(openPairs(path)).rejects.toThrow(message);
  });

  it('refuses files that are missing, cut short, or something else', async () => {
    const path = await written();
    await expect(openPairs(`${path}.no`)).rejects.toThrow('cannot be read');
    writeFileSync(path, readFileSync(path).subarray(0, -4));
    await expect(openPairs(path)).rejects.toThrow('cut short');
    writeFileSync(path, Buffer.from('PK\u0003\u0004 this is a zip, one may think'));
    await expect(openPairs(path)).rejects.toThrow('no file of pairs');
    writeFileSync(path, '');
    await expect(openPairs(path)).rejects.toMatchObject({ code: 'bad-data-file' });
  });

  it('refuses indices out of range and labels that no class has', async () => {
    const path = await changed(({ tensors }) => (tensors.labels = classes(0, 1, 2, 9, 0)));
    const pairs = await openPairs(path);
    await expect(pairs.read([5])).rejects.toThrow('indices must be integers in [0, 5), got 5');
    await expect(pairs.read([])).rejects.toThrow('got none');
    await expect(pairs.read([3])).rejects.toThrow('pair 3');
    await pairs.close();
  });
});
