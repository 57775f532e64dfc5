import { readFile, stat } from 'node:fs/promises';
import { badData } from '../internal/checks';
import type { PixelImage } from '../image-grid';
import { isImage } from './decode-image';
import { maxImageFileBytes, maxImagePixels } from './limits';

/** How {@link readImage} brings an image to a form. */
export interface ReadImageOptions {
  /** Left out: 1 for an image without colours, 3 for any other. With 1, colours become their luminance. */
  readonly channels?: 1 | 3 | undefined;
  /** Scales until this size is covered (Lanczos) and crops around the centre; left out, the image keeps its size. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
}

/** An image of a file. */
export interface ReadImage extends PixelImage {
  /** Whether the file has colours: more than equal red, green and blue in some pixel. */
  readonly hasColor: boolean;
  /** Opacity, one byte a pixel, 0 for transparent; undefined where every pixel is opaque. */
  readonly alpha?: Uint8Array | undefined;
}

/**
 * Reads a PNG, JPEG or WebP file: upright by its EXIF orientation, 8 bits, transparency apart.
 *
 * @param path - the file
 * @throws OnestepError `bad-data-file` naming the file, if it is no such image, is damaged, or has more than 2^26 pixels;
 * the system's error if it cannot be opened
 */
export async function readImage(path: string, { channels, size }: ReadImageOptions = {}): Promise<ReadImage> {
  const { size: length } = await stat(path);
  if (length > maxImageFileBytes) {
    throw badData(`readImage: ${path} has ${length} bytes, expected at most ${maxImageFileBytes}.`, { path, length });
  }
  const bytes = await readFile(path);
  if (!isImage(bytes)) throw badData(`readImage: ${path} is not a PNG, JPEG or WebP image.`, { path });
  const { default: sharp } = await import('sharp');
  try {
    const image = sharp(bytes, { limitInputPixels: maxImagePixels, failOn: 'error' });
    // fastShrinkOnLoad would decode JPEGs at a fraction of their size and change the pixels.
    if (size !== undefined) image.resize({ ...size, fit: 'cover', fastShrinkOnLoad: false });
    const { data, info } = await image
      .autoOrient()
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const plane = (channel: number): Uint8Array =>
      Uint8Array.from({ length: width * height }, (_, pixel) => data[4 * pixel + channel]);
    const [red, green, blue, alpha] = [0, 1, 2, 3].map(plane);
    const hasColor = red.some((value, i) => value !== green[i] || value !== blue[i]);
    const kept = channels ?? (hasColor ? 3 : 1);
    const pixels = kept === 3 ? interleaved([red, green, blue]) : luminance([red, green, blue]);
    const opacity = alpha.some((value) => value < 255) ? alpha : undefined;
    return { pixels, width, height, channels: kept, hasColor, alpha: opacity };
  } catch (error) {
    throw badData(`readImage: ${path} cannot be decoded: ${(error as Error).message}.`, { path }, error);
  }
}

function interleaved(planes: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from({ length: 3 * planes[0].length }, (_, i) => planes[i % 3][Math.floor(i / 3)]);
}

/** .299 R + .587 G + .114 B, the luminance of JPEG; equal channels keep their value. */
function luminance([red, green, blue]: readonly Uint8Array[]): Uint8Array {
  return red.map((value, i) => Math.round(0.299 * value + 0.587 * green[i] + 0.114 * blue[i]));
}
