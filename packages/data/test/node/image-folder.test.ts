import { OnestepError } from '@onestep/tensor';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../src/node';
import { folderWith, picture } from '../fixtures/files';

const red = [250, 0, 0];
const green = [0, 250, 0];

describe('openDataset on a folder of images', () => {
  it('takes each sub-folder for a class, in the order of names, and reads PNG, JPEG and WebP', async () => {
    const folder = folderWith({
      'b/2.webp': await picture('webp', 4, 4, [10, 20, 30]),
      'b/10.png': await picture('png', 4, 4, [40, 50, 60]),
      'a/deep/x.jpg': await picture('jpeg', 4, 4, [128, 128, 128]),
      'a/.hidden.png': 'not an image',
      'a/notes.txt': 'not an image',
    });
    const dataset = await openDataset(folder);
    expect(dataset).toMatchObject({ length: 3, shape: [4, 4, 3], numClasses: 2, labelNames: ['a', 'b'] });
    expect(dataset.id).toMatch(/^images\/train\/[0-9a-f]{8}\/4x4x3$/);
    const pixels = new Uint8Array(48);
    expect(await dataset.read(0, pixels)).toBe(0);
    expect(Math.abs(pixels[0] - 128)).toBeLessThan(3);
    expect(await dataset.read(1, pixels)).toBe(1);
    expect(Array.from(pixels.subarray(0, 3))).toEqual([40, 50, 60]);
    expect(await dataset.read(2, pixels)).toBe(1);
    expect(Array.from(pixels.subarray(0, 3))).toEqual([10, 20, 30]);
  });

  it('crops the centre after resizing the shortest side', async () => {
    const thirds = Buffer.from([...red, ...green, ...red].flatMap((_, i) => [...red, ...green, ...red][i]));
    const wide = await sharp(thirds, { raw: { width: 3, height: 1, channels: 3 } })
      .resize({ width: 24, height: 8, kernel: 'nearest', fit: 'fill' })
      .png()
      .toBuffer();
    const folder = folderWith({ 'wide.png': wide, 'small.png': await picture('png', 2, 3, red) });
    const dataset = await openDataset(folder, { imageSize: 8 });
    expect(dataset).toMatchObject({ shape: [8, 8, 3], numClasses: 0, labelNames: undefined });
    const pixels = new Uint8Array(192);
    expect(await dataset.read(1, pixels)).toBe(-1);
    expect(pixels).toEqual(Uint8Array.from({ length: 192 }, (_, i) => green[i % 3]));
    await dataset.read(0, pixels);
    expect(pixels).toEqual(Uint8Array.from({ length: 192 }, (_, i) => red[i % 3]));
  });

  it('keeps grey images grey, drops alpha, and converts on request', async () => {
    const grey = folderWith({ 'a.png': await picture('png', 2, 2, [77]) });
    const alpha = folderWith({ 'a.png': await picture('png', 2, 2, [1, 2, 3, 255]) });
    const one = await openDataset(grey);
    const pixels = new Uint8Array(4);
    await one.read(0, pixels);
    expect(one.shape).toEqual([2, 2, 1]);
    expect(Array.from(pixels)).toEqual([77, 77, 77, 77]);
    expect((await openDataset(grey, { channels: 3 })).shape).toEqual([2, 2, 3]);
    expect((await openDataset(alpha)).shape).toEqual([2, 2, 3]);
    expect((await openDataset(alpha, { channels: 1 })).shape).toEqual([2, 2, 1]);
  });

  it('turns photographs upright by their EXIF orientation', async () => {
    const tall = await sharp(await picture('png', 4, 2, red))
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect((await openDataset(folderWith({ 'a.jpg': tall }))).shape).toEqual([4, 2, 3]);
  });

  it('takes sub-folders train and test for splits', async () => {
    const image = await picture('png', 2, 2, red);
    const folder = folderWith({ 'train/a/1.png': image, 'train/b/1.png': image, 'val/a/1.png': image });
    expect(await openDataset(folder)).toMatchObject({ length: 2, labelNames: ['a', 'b'] });
    expect(await openDataset(folder, { split: 'test' })).toMatchObject({ length: 1 });
  });

  it('changes its id when an image is added', async () => {
    const image = await picture('png', 2, 2, red);
    const one = await openDataset(folderWith({ 'a/1.png': image }));
    const same = await openDataset(folderWith({ 'a/1.png': image }));
    const two = await openDataset(folderWith({ 'a/1.png': image, 'a/2.png': image }));
    expect(same.id).toBe(one.id);
    expect(two.id).not.toBe(one.id);
  });

  it('names the image whose size differs, and the way out', async () => {
    const folder = folderWith({ '1.png': await picture('png', 2, 2, red), '2.png': await picture('png', 3, 2, red) });
    const dataset = await openDataset(folder);
    const read = dataset.read(1, new Uint8Array(12));
    await expect(read).rejects.toThrow(/2\.png is 3 x 2, but .*1\.png is 2 x 2\. Pass imageSize/);
  });

  it('names the image in colour among grey ones', async () => {
    const folder = folderWith({ '1.png': await picture('png', 2, 2, [7]), '2.png': await picture('png', 2, 2, red) });
    const dataset = await openDataset(folder);
    await expect(dataset.read(1, new Uint8Array(4))).rejects.toThrow(/2\.png is in colour, but .*1\.png is grey/);
  });

  it('refuses an empty folder, stray images and a test split that is not there', async () => {
    const image = await picture('png', 2, 2, red);
    await expect(openDataset(folderWith())).rejects.toThrow('holds no data: expected');
    await expect(openDataset(folderWith({ 'a/1.png': image, '2.png': image }))).rejects.toThrow(
      '2.png lies beside class folders',
    );
    await expect(openDataset(folderWith({ '1.png': image }), { split: 'test' })).rejects.toThrow('has no test split');
  });

  it.each([
    ['text', Buffer.from('hello'), 'is not a PNG, JPEG or WebP image'],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), 'is not a PNG'],
    ['an empty file', Buffer.alloc(0), 'is not a PNG'],
    ['a bare signature', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 'cannot be decoded'],
  ])('refuses %s under the name of a PNG', async (_, content, message) => {
    const opened = openDataset(folderWith({ 'a.png': content }));
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow('a.png');
    await expect(opened).rejects.toBeInstanceOf(OnestepError);
  });

  it('refuses a truncated image', async () => {
    const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256);
    const png = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer();
    const opened = openDataset(folderWith({ 'a.png': png.subarray(0, png.length >> 1) }));
    await expect(opened).rejects.toThrow('cannot be decoded');
  });

  it('refuses a header that announces terabytes', async () => {
    const png = Buffer.from(await picture('png', 2, 2, red));
    png.writeUInt32BE(1_000_000, 16);
    png.writeUInt32BE(1_000_000, 20);
    await expect(openDataset(folderWith({ 'a.png': png }))).rejects.toThrow('cannot be decoded');
  });
});
