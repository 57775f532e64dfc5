import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { imageGrid } from '../../src/index';
import { encodePng, saveImageGrid } from '../../src/node';
import { folderWith, ramp } from '../fixtures/files';

describe('encodePng', () => {
  it.each([1, 3])('keeps every byte of %d channels', async (channels) => {
    const pixels = ramp(6 * channels);
    const png = await encodePng({ pixels, width: 3, height: 2, channels });
    const { data, info } = await sharp(png)
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 3, height: 2, channels });
    expect(Uint8Array.from(data)).toEqual(pixels);
  });

  it('gives equal bytes for equal pictures', async () => {
    const picture = { pixels: ramp(12), width: 2, height: 2, channels: 3 };
    expect(await encodePng(picture)).toEqual(await encodePng(picture));
  });

  it('refuses pixels that do not fit', async () => {
    await expect(encodePng({ pixels: ramp(5), width: 2, height: 2, channels: 1 })).rejects.toThrow(RangeError);
    await expect(encodePng({ pixels: ramp(8), width: 2, height: 2, channels: 2 })).rejects.toThrow(RangeError);
  });
});

describe('saveImageGrid', () => {
  it('writes the sheet and the folders above it', async () => {
    const path = join(folderWith(), 'runs', 'one', 'grid.png');
    const options = { shape: [2, 2, 1] as const, columns: 2, scale: 3 };
    await saveImageGrid(path, ramp(12), options);
    const { data } = await sharp(readFileSync(path)).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    expect(Uint8Array.from(data)).toEqual(imageGrid(ramp(12), options).pixels);
  });

  it('writes nothing when the images do not fit', async () => {
    const path = join(folderWith(), 'grid.png');
    const saved = saveImageGrid(path, ramp(12), { shape: [2, 2, 1], rows: 1, columns: 1 });
    await expect(saved).rejects.toThrow(RangeError);
    expect(existsSync(path)).toBe(false);
  });
});
