import { OnestepError } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { cifar10Dataset, parseCifar10 } from '../../src/index';
import { cifarFile } from '../fixtures/files';

describe('parseCifar10', () => {
  it('turns colour planes into pixels, channels last', () => {
    const { images, labels } = parseCifar10(cifarFile([3, 9]));
    expect(Array.from(labels)).toEqual([3, 9]);
    expect(Array.from(images.subarray(0, 6))).toEqual([200, 210, 220, 3, 4, 5]);
    expect(Array.from(images.subarray(3072, 3078))).toEqual([200, 210, 220, 9, 10, 11]);
    expect(images.length).toBe(2 * 3072);
  });

  it.each([
    ['an empty file', new Uint8Array(0), 'has 0 bytes, expected a positive multiple of 3073'],
    ['a cut record', cifarFile([1, 2]).subarray(0, 4000), 'record 1, from byte 3073, has 927 bytes'],
    ['a label out of range', cifarFile([1, 10]), 'byte 3073 (label of record 1) is 10, expected 0 to 9'],
  ])('refuses %s', (_, bytes, message) => {
    const parse = (): unknown => parseCifar10(bytes, { name: 'data_batch_1.bin' });
    expect(parse).toThrow(OnestepError);
    expect(parse).toThrow(message);
    expect(parse).toThrow('data_batch_1.bin');
  });
});

describe('cifar10Dataset', () => {
  it('strings the files together', () => {
    const files = [cifarFile([3, 9]), cifarFile([5])].map((bytes, i) => ({ name: `${i}`, bytes }));
    const dataset = cifar10Dataset({ files, id: 'cifar10/test' });
    expect(dataset).toMatchObject({ length: 3, shape: [32, 32, 3], numClasses: 10, id: 'cifar10/test' });
    expect(dataset.labelNames?.[5]).toBe('dog');
    const out = new Uint8Array(3072);
    expect(dataset.read(2, out)).toBe(5);
    expect(Array.from(out.subarray(0, 6))).toEqual([200, 210, 220, 5, 6, 7]);
  });
});
