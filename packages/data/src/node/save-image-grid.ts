import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { imageGrid, type ImageGridOptions, type PixelImage } from '../image-grid';

/**
 * Encodes a picture as PNG.
 *
 * @param image - bytes, channels last, 1 (grey) or 3 (colour) channels
 * @returns the file; equal pictures give equal bytes
 * @throws RangeError if the number of bytes or channels does not fit
 */
export async function encodePng({ pixels, width, height, channels }: PixelImage): Promise<Uint8Array> {
  if (channels !== 1 && channels !== 3) throw new RangeError(`encodePng: channels must be 1 or 3, got ${channels}.`);
  if (pixels.length !== width * height * channels) {
    throw new RangeError(
      `encodePng: pixels must hold ${width * height * channels} bytes (${width} x ${height} x ${channels}), got ${pixels.length}.`,
    );
  }
  const { default: sharp } = await import('sharp');
  const image = sharp(pixels, { raw: { width, height, channels }, limitInputPixels: false });
  return image
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
}

/**
 * Writes images on one sheet as a PNG file, making its folder if it is absent.
 *
 * @param path - the file
 * @param images - N * H * W * C bytes, or float32 values in [-1, 1]
 * @param options - shape of an image and layout, as `imageGrid`
 * @throws RangeError as `imageGrid`, before anything is written
 */
export async function saveImageGrid(
  path: string,
  images: Uint8Array | Float32Array,
  options: ImageGridOptions,
): Promise<void> {
  const png = await encodePng(imageGrid(images, options));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, png);
}
