import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareReceipts, decodeReceipts, encodeReceipts, type Receipt } from '../../src/index';
import { packageVersion } from '../../src/version';

const receipt: Receipt = {
  version: 1,
  metric: 'FD-LeNet',
  value: 1.25,
  better: 'lower',
  uncertainty: { kind: 'bootstrap', lower: 1, upper: 1.5, confidence: 0.95, resamples: 100, blocks: 20, seed: 0 },
  samples: 10_000,
  images: 'npz/1234',
  generator: { sha256: 'ab'.repeat(32), kind: 'consistency', sampler: 'one-step', sigmas: [80], nfe: 1, seed: 0 },
  reference: { id: 'mnist/train/c5097fdd', samples: 60_000, statisticsSha256: 'cd'.repeat(32) },
  featureNetwork: { name: 'lenet-mnist', sha256: 'ef'.repeat(32) },
  preprocessing: '2 x / 255 - 1',
  quantisation: 'bytes',
  options: {},
  seed: 0,
  floor: { value: 0.467, id: 'mnist/test/18489308', samples: 10_000 },
  flags: [],
  software: { name: '@onestep/metrics', version: '0.1.0' },
};

describe('receipt files', () => {
  it('come back as they were written', async () => {
    expect(await decodeReceipts(await encodeReceipts([receipt]))).toEqual([receipt]);
  });

  it('tell that they were changed or damaged', async () => {
    const text = await encodeReceipts([receipt]);
    const read = (changed: string) => decodeReceipts(changed, 'a.json');
    await expect(read(text.slice(0, -20))).rejects.toThrow('a.json is not JSON');
    await expect(read('{}')).rejects.toThrow('is no file of receipts');
    await expect(read('null')).rejects.toThrow('is no file of receipts');
    await expect(read(text.replace('1.25', '0.25'))).rejects.toThrow('its sum does not match');
    await expect(read(text.replace('"value": 1.25', '"value": null'))).rejects.toThrow(
      'receipts[0].value must be a finite number, got null',
    );
    await expect(read(text.replace('"version": 1,\n  "receipts"', '"version": 2,\n  "receipts"'))).rejects.toThrow(
      'has version 2, this program reads 1',
    );
    await expect(read(text.replace('"seed": 0,\n      "floor"', '"sed": 0,\n      "floor"'))).rejects.toThrow(
      'seed must be',
    );
  });

  it('carry the version of the package', () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(packageVersion).toBe(manifest.version);
  });
});

describe('compareReceipts', () => {
  const against = (change: Partial<Receipt>) => compareReceipts(receipt, { ...receipt, ...change });

  it('finds equal scores of different models comparable', () => {
    expect(compareReceipts(receipt, receipt)).toEqual({ comparable: true, differences: [] });
    const generator = { ...receipt.generator!, sha256: '12'.repeat(32) };
    const other = against({ value: 2, generator });
    expect(other.comparable).toBe(true);
    expect(other.differences).toMatchObject([{ field: 'generator.sha256', weight: 'subject' }]);
  });

  it.each([
    ['metric', { metric: 'FID' }],
    ['samples', { samples: 5000 }],
    ['preprocessing', { preprocessing: 'bicubic' }],
    ['quantisation', { quantisation: 'none' }],
    ['options', { options: { k: 5 } }],
    ['featureNetwork.sha256', { featureNetwork: { name: 'lenet-mnist', sha256: '00'.repeat(32) } }],
    ['featureNetwork.name', { featureNetwork: { name: 'inception', sha256: 'ef'.repeat(32) } }],
    ['reference.id', { reference: { ...receipt.reference!, id: 'mnist/test/18489308' } }],
    ['reference.statisticsSha256', { reference: { ...receipt.reference!, statisticsSha256: '00'.repeat(32) } }],
  ])('finds scores that differ in %s not comparable', (field, change) => {
    const { comparable, differences } = against(change);
    expect(comparable).toBe(false);
    expect(differences).toMatchObject([{ field, weight: 'blocks' }]);
  });

  it('only notes what does not change the expectation of a score', () => {
    expect(against({ seed: 5 })).toMatchObject({ comparable: true, differences: [{ field: 'seed', weight: 'note' }] });
    const kid = { ...receipt, metric: 'KID' };
    expect(compareReceipts(kid, { ...kid, samples: 5000 }).comparable).toBe(true);
  });

  it('does not mind the order of keys', () => {
    const one = { ...receipt, options: { k: 3, balls: 'open' } };
    expect(compareReceipts(one, { ...receipt, options: { balls: 'open', k: 3 } }).differences).toEqual([]);
  });
});
