import { describe, expect, it } from 'vitest';
import { imageGrid } from '../src/index';

describe('imageGrid', () => {
  it('lays images out row by row with padding around and between', () => {
    const grid = imageGrid(Uint8Array.of(1, 2, 3), { shape: [1, 1, 1], columns: 2, padding: 1, background: 9 });
    expect(grid).toMatchObject({ width: 5, height: 5, channels: 1 });
    expect(Array.from(grid.pixels)).toEqual([
      ...[9, 9, 9, 9, 9],
      ...[9, 1, 9, 2, 9],
      ...[9, 9, 9, 9, 9],
      ...[9, 3, 9, 9, 9],
      ...[9, 9, 9, 9, 9],
    ]);
  });

  it('repeats pixels, channels together', () => {
    const grid = imageGrid(Uint8Array.of(1, 2, 3, 4, 5, 6), { shape: [1, 2, 3], padding: 0, scale: 2 });
    const row = [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6];
    expect(Array.from(grid.pixels)).toEqual([...row, ...row]);
  });

  it('converts float images by the rule of toBytes', () => {
    const grid = imageGrid(Float32Array.of(-1, 0, 1), { shape: [1, 3, 1], padding: 0 });
    expect(Array.from(grid.pixels)).toEqual([0, 128, 255]);
  });

  it('chooses a square sheet, or what rows or columns leave over', () => {
    const size = (options: { rows?: number; columns?: number }): number[] => {
      const { width, height } = imageGrid(new Uint8Array(10), { shape: [1, 1, 1], padding: 0, ...options });
      return [height, width];
    };
    expect(size({})).toEqual([3, 4]);
    expect(size({ rows: 2 })).toEqual([2, 5]);
    expect(size({ columns: 3 })).toEqual([4, 3]);
  });

  it.each([
    [5, { shape: [1, 2, 1] as const }, 'images must hold one or more images of 2 values'],
    [0, { shape: [1, 2, 1] as const }, 'got 0'],
    [4, { shape: [1, 1, 1] as const, rows: 1, columns: 3 }, '4 images do not fit 1 rows of 3'],
    [4, { shape: [1, 1, 1] as const, scale: 0.5 }, 'scale must be an integer >= 1'],
    [4, { shape: [1, 1, 1] as const, padding: -1 }, 'padding must be an integer >= 0'],
    [4, { shape: [1, 1, 1] as const, rows: 0 }, 'must be an integer >= 1'],
  ])('refuses %d bytes with %o', (count, options, message) => {
    expect(() => imageGrid(new Uint8Array(count), options)).toThrow(message);
  });
});
