import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrayDataset, loadIntoMemory, subset, take, type Dataset } from '../../src/index';
import { ramp } from '../fixtures/files';

const shape = [1, 2, 1] as const;
const five = arrayDataset({ id: 'five', images: ramp(10), shape, labels: [0, 1, 2, 0, -1] });

function readAll(dataset: Dataset): { readonly bytes: number[]; readonly labels: unknown[] } {
  const bytes: number[] = [];
  const labels = Array.from({ length: dataset.length }, (_, i) => {
    const out = new Uint8Array(2);
    const label = dataset.read(i, out);
    bytes.push(...out);
    return label;
  });
  return { bytes, labels };
}

describe('arrayDataset', () => {
  it('counts the classes and serves every image', () => {
    expect(five).toMatchObject({ length: 5, numClasses: 3 });
    expect(readAll(five)).toEqual({ bytes: Array.from(ramp(10)), labels: [0, 1, 2, 0, -1] });
  });

  it.each([
    [{ images: ramp(3), shape }, 'images must hold one or more whole images of 2 bytes'],
    [{ images: ramp(0), shape }, 'got 0 bytes'],
    [{ images: ramp(2), shape: [1, 0, 1] as const }, 'width must be an integer >= 1, got 0'],
    [{ images: ramp(4), shape, labels: [0] }, 'labels must hold one number for each of 2 images, got 1'],
    [{ images: ramp(4), shape, labels: [0, -2] }, 'labels[1] must be an integer in [-1, 1), got -2'],
    [{ images: ramp(4), shape, labels: [0, 0.5] }, 'labels[1]'],
    [{ images: ramp(4), shape, labels: [0, 3], numClasses: 3 }, 'labels[1] must be an integer in [-1, 3), got 3'],
  ])('refuses %o', (options, message) => {
    const build = (): unknown => arrayDataset({ id: 'x', ...options });
    expect(build).toThrow(RangeError);
    expect(build).toThrow(message);
  });

  it('refuses an index or a buffer that does not fit', () => {
    expect(() => five.read(5, new Uint8Array(2))).toThrow('index must be an integer in [0, 5), got 5');
    expect(() => five.read(0, new Uint8Array(3))).toThrow('out must hold 2 bytes');
  });
});

describe('subset', () => {
  it('serves the chosen images in the given order, repeats included', () => {
    expect(readAll(subset(five, [4, 1, 1]))).toEqual({ bytes: [8, 9, 2, 3, 2, 3], labels: [-1, 1, 1] });
  });

  it('has an id that tells different choices apart', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1 }), fc.array(fc.nat(4), { minLength: 1 }), (a, b) => {
        expect(subset(five, a).id === subset(five, b).id).toBe(a.join() === b.join());
      }),
    );
  });

  it('passes closing on', () => {
    let closed = 0;
    subset({ ...five, close: () => (closed += 1) }, [0]).close?.();
    expect(closed).toBe(1);
  });

  it('refuses no indices and indices out of range', () => {
    expect(() => subset(five, [])).toThrow(RangeError);
    expect(() => subset(five, [0, 5])).toThrow('indices[1] must be an integer in [0, 5), got 5');
  });
});

describe('take', () => {
  it('keeps the first images', () => {
    expect(take(five, 2)).toMatchObject({ id: 'five/first-2', length: 2, numClasses: 3 });
    expect(readAll(take(five, 2)).bytes).toEqual([0, 1, 2, 3]);
    expect(() => take(five, 6)).toThrow(RangeError);
    expect(() => take(five, 0)).toThrow(RangeError);
  });
});

describe('loadIntoMemory', () => {
  it('reads each image once and keeps id, labels and names', async () => {
    let reads = 0;
    const source: Dataset = {
      ...five,
      labelNames: ['a', 'b', 'c'],
      async read(index, out) {
        reads += 1;
        await Promise.resolve();
        return five.read(index, out);
      },
    };
    const loaded = await loadIntoMemory(source);
    expect(readAll(loaded)).toEqual(readAll(five));
    expect(readAll(loaded)).toEqual(readAll(five));
    expect(loaded).toMatchObject({ id: 'five', numClasses: 3, labelNames: ['a', 'b', 'c'] });
    expect(reads).toBe(5);
  });
});
