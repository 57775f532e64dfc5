import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { readImage } from '../../src/node';

const folder = mkdtempSync(join(tmpdir(), 'onestep-read-image-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function file(name: string, pixels: number[], channels: 1 | 3 | 4, width = 2): Promise<string> {
  const path = join(folder, name);
  const raw = { width, height: pixels.length / channels / width, channels };
  await sharp(Buffer.from(pixels), { raw }).png().toFile(path);
  return path;
}

describe('readImage', () => {
  it('gives grey files one channel and their very bytes', async () => {
    const path = await file('grey.png', [0, 50, 128, 255], 1);
    const { pixels, alpha, ...rest } = await readImage(path);
    expect([...pixels]).toEqual([0, 50, 128, 255]);
    expect(rest).toEqual({ width: 2, height: 2, channels: 1, hasColor: false });
    expect(alpha).toBeUndefined();
    expect([...(await readImage(path, { channels: 3 })).pixels.subarray(0, 6)]).toEqual([0, 0, 0, 50, 50, 50]);
  });

  it('tells colours, and takes their luminance when asked', async () => {
    const path = await file('colour.png', [255, 0, 0, 0, 0, 255], 3);
    expect(await readImage(path)).toMatchObject({ channels: 3, hasColor: true });
    expect([...(await readImage(path, { channels: 1 })).pixels]).toEqual([76, 29]);
  });

  it('keeps transparency apart', async () => {
    const path = await file('holes.png', [9, 9, 9, 255, 9, 9, 9, 0], 4);
    expect([...((await readImage(path)).alpha ?? [])]).toEqual([255, 0]);
  });

  it('scales and crops when a size is given', async () => {
    const path = await file('wide.png', new Array<number>(32).fill(7), 1, 8);
    const { pixels, width, height } = await readImage(path, { size: { width: 2, height: 2 } });
    expect([width, height, ...pixels]).toEqual([2, 2, 7, 7, 7, 7]);
  });

  it('refuses what is no image, naming the file', async () => {
    const path = join(folder, 'junk.png');
    writeFileSync(path, 'junk');
    await expect(readImage(path)).rejects.toThrow(/junk\.png is not a PNG, JPEG or WebP image/);
    await expect(readImage(join(folder, 'none.png'))).rejects.toThrow(/ENOENT/);
  });
});
