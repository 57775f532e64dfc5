import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '@onestep/compile';
import { countLeaks, hostTensor, randomStream, useBackend } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { lenetDatasets, lenetDistance, lenetRecords, lenetStatistics, MomentStatistics } from '../../src/index';
import { fdLenet, loadLenet } from '../../src/node';

const folder = fileURLToPath(new URL('../../weights/', import.meta.url));
const count = 70;
const noise = hostTensor(randomStream(1, 'test.images').normal(count * 784), [count, 28, 28, 1]);

describe('the shipped files', () => {
  it('have the recorded sha256, are below 500 KB, and hold the whole datasets', async () => {
    for (const dataset of lenetDatasets) {
      const { weights, statistics } = lenetRecords[dataset];
      for (const { file, sha256 } of [weights, statistics.train, statistics.test]) {
        const bytes = await readFile(join(folder, file));
        expect(createHash('sha256').update(bytes).digest('hex'), file).toBe(sha256);
        expect(bytes.length).toBeLessThan(500_000);
      }
      const { reference } = await loadLenet(dataset);
      expect(reference.train.statistics.count).toBe(60_000);
      expect(reference.test.statistics.count).toBe(10_000);
      expect(reference.train.about.id).toBe(lenetRecords[dataset].trainedOn);
    }
  });

  it('reach the accuracies that were asked for', () => {
    expect(lenetRecords.mnist.testAccuracy).toBeGreaterThanOrEqual(0.992);
    expect(lenetRecords['fashion-mnist'].testAccuracy).toBeGreaterThanOrEqual(0.92);
  });
});

describe('fdLenet', () => {
  beforeAll(() => useBackend('wasm'));

  it('gives noise a score far above the floor, as a receipt', async () => {
    const { result: receipt, leaked } = await countLeaks(() => fdLenet(noise, { dataset: 'mnist' }));
    expect(leaked).toBe(0);
    expect(receipt).toMatchObject({
      metric: 'FD-LeNet',
      samples: count,
      reference: { id: lenetRecords.mnist.trainedOn, samples: 60_000 },
      featureNetwork: { name: 'lenet-mnist', sha256: lenetRecords.mnist.weights.sha256 },
      floor: { samples: 10_000 },
    });
    expect(receipt.floor.value).toBeGreaterThan(0);
    expect(receipt.value).toBeGreaterThan(50 * receipt.floor.value);
  });

  it('has the same bits for shards as for the whole', async () => {
    const model = await loadLenet('mnist');
    const whole = await lenetStatistics(model, noise, { batchSize: 16 });
    const merged = new MomentStatistics(64);
    for (const [from, to] of [
      [40, 70],
      [0, 7],
      [7, 40],
    ] as const) {
      const part = hostTensor(noise.data.slice(from * 784, to * 784) as Float32Array, [to - from, 28, 28, 1]);
      merged.merge(await lenetStatistics(model, part, { batchSize: 16 }));
    }
    expect(merged.sums()).toEqual(whole.sums());
    expect((await lenetDistance(model, merged)).value).toBe((await lenetDistance(model, whole)).value);
  });

  it('agrees with itself compiled', async () => {
    const eager = await fdLenet(noise, { dataset: 'mnist', split: 'test' });
    const compiled = await fdLenet(noise, { dataset: 'mnist', split: 'test', compile });
    expect(compiled.value / eager.value).toBeCloseTo(1, 5);
  });

  it('refuses a single image, unknown datasets and bad batch sizes', async () => {
    const one = hostTensor(noise.data.slice(0, 784) as Float32Array, [1, 28, 28, 1]);
    await expect(fdLenet(one, { dataset: 'mnist' })).rejects.toThrow('needs at least 2 images, got 1');
    await expect(fdLenet(noise, { dataset: 'mnist', batchSize: 0 })).rejects.toThrow('batchSize');
    await expect(loadLenet('fashion' as never)).rejects.toThrow('only for mnist and fashion-mnist');
  });

  it('refuses weights that are not the recorded ones', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'lenet-'));
    try {
      await expect(loadLenet('mnist', { folder: copy })).rejects.toThrow('cannot read lenet-mnist');
      await cp(folder, copy, { recursive: true });
      const file = join(copy, lenetRecords.mnist.weights.file);
      const bytes = await readFile(file);
      bytes[bytes.length - 1] ^= 1;
      await writeFile(file, bytes);
      await expect(loadLenet('mnist', { folder: copy })).rejects.toThrow('has sha256');
    } finally {
      await rm(copy, { recursive: true });
    }
  });
});
