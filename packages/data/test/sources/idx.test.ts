import { OnestepError } from '@onestep/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idxDataset, parseIdx } from '../../src/index';
import { idxFile, ramp } from '../fixtures/files';

const images = idxFile([3, 2, 2], ramp(12));
const labels = idxFile([3], [1, 0, 2]);

const changed = (bytes: Uint8Array, position: number, value: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[position] = value;
  return copy;
};

describe('parseIdx', () => {
  it('reads dimensions and data', () => {
    const { shape, data } = parseIdx(images);
    expect(shape).toEqual([3, 2, 2]);
    expect(Uint8Array.from(data)).toEqual(ramp(12));
  });

  it('reads a view into a larger buffer', () => {
    const larger = Buffer.concat([Buffer.alloc(5), labels]);
    expect(parseIdx(larger.subarray(5)).shape).toEqual([3]);
  });

  it.each([
    ['an empty file', new Uint8Array(0), 'got 0 bytes, expected a header of at least 4'],
    ['a wrong magic number', changed(images, 1, 0x1f), 'byte 1 of the magic number is 0x1f, expected 0x00'],
    ['another element type', changed(images, 2, 0x0d), 'byte 2 (element type) is 0x0d (float32), expected 0x08'],
    ['an unknown element type', changed(images, 2, 0x07), 'byte 2 (element type) is 0x07, expected 0x08'],
    ['too many dimensions', changed(images, 3, 9), 'byte 3 (number of dimensions) is 9, expected 1 to 4'],
    ['no dimensions', changed(images, 3, 0), 'byte 3 (number of dimensions) is 0'],
    ['a cut header', images.subarray(0, 10), 'got 10 bytes, expected a header of 16 for 3 dimensions'],
    ['a dimension of 0', changed(images, 11, 0), 'dimension 1 (bytes 8 to 11) is 0'],
    ['missing bytes', images.subarray(0, 27), 'is truncated: got 27 bytes, expected 28 for dimensions [3, 2, 2]'],
    ['extra bytes', Buffer.concat([images, Buffer.alloc(1)]), 'extra bytes at the end: got 29 bytes, expected 28'],
    ['an enormous size', changed(images, 4, 0xff), 'is truncated'],
  ])('refuses %s', (_, bytes, message) => {
    const parse = (): unknown => parseIdx(bytes, { name: 'train-images' });
    expect(parse).toThrow(OnestepError);
    expect(parse).toThrow(message);
    expect(parse).toThrow('train-images');
  });

  it('throws nothing but OnestepError for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expectOnestepErrorAtMost(() => parseIdx(bytes));
      }),
    );
  });

  it('refuses every truncation', () => {
    for (let length = 0; length < images.length; length += 1) {
      expect(() => parseIdx(images.subarray(0, length))).toThrow(OnestepError);
    }
  });

  it('refuses every change of a header byte', () => {
    fc.assert(
      fc.property(fc.nat(15), fc.integer({ min: 1, max: 255 }), (position, difference) => {
        const bytes = changed(images, position, (images[position] + difference) % 256);
        expect(() => parseIdx(bytes)).toThrow(OnestepError);
      }),
    );
  });
});

describe('idxDataset', () => {
  it('serves images and labels', () => {
    const dataset = idxDataset({ images, labels, id: 'test', labelNames: ['a', 'b', 'c'] });
    expect(dataset).toMatchObject({ id: 'test', length: 3, shape: [2, 2, 1], numClasses: 3 });
    const out = new Uint8Array(4);
    expect(dataset.read(2, out)).toBe(2);
    expect(Array.from(out)).toEqual([8, 9, 10, 11]);
  });

  it('takes a fourth dimension for channels, and files without labels', () => {
    const dataset = idxDataset({ images: idxFile([2, 1, 2, 3], ramp(12)), id: 'colour' });
    expect(dataset).toMatchObject({ shape: [1, 2, 3], numClasses: 0 });
    expect(dataset.read(0, new Uint8Array(6))).toBe(-1);
  });

  it('says how many labels were expected', () => {
    const build = (): unknown => idxDataset({ images, labels: idxFile([2], [0, 1]), id: 'x' });
    expect(build).toThrow(OnestepError);
    expect(build).toThrow('labels has dimensions [2], expected [3] as images holds 3 images');
  });

  it('names the byte of a label that is out of range', () => {
    const build = (): unknown => idxDataset({ images, labels, id: 'x', numClasses: 2 });
    expect(build).toThrow('byte 10 (label of image 2) is 2, expected below 2');
  });

  it('refuses labels where images belong', () => {
    expect(() => idxDataset({ images: labels, id: 'x' })).toThrow('expected [N, H, W] or [N, H, W, C]');
  });
});

function expectOnestepErrorAtMost(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(OnestepError);
  }
}
