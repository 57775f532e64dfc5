import type { PixelImage } from '../image-grid';
import { badData } from '../internal/checks';
import { maxImagePixels } from './limits';

/** Size and channels that a decoded image gets. */
export interface DecodeOptions {
  /** Side of the square to resize and crop to; left out, the image keeps its size. */
  readonly imageSize?: number | undefined;
  /** Left out: 1 for a grey image, 3 for any other. */
  readonly channels?: 1 | 3 | undefined;
}

/** A decoded image, and whether the file itself was grey. */
export interface DecodedImage extends PixelImage {
  readonly grey: boolean;
}

/**
 * Decodes a PNG, JPEG or WebP file: upright by its EXIF orientation, without alpha, 8 bits; with `imageSize` resized so
 * that the shortest side fits (Lanczos) and cropped around the centre.
 *
 * @throws OnestepError `bad-data-file` naming the file, for any other content, damage or more than 2^26 pixels
 */
export async function decodeImage(
  bytes: Uint8Array,
  name: string,
  { imageSize, channels }: DecodeOptions,
): Promise<DecodedImage> {
  if (!isImage(bytes)) {
    throw badData(`openDataset: ${name} is not a PNG, JPEG or WebP image.`, { name });
  }
  const { default: sharp } = await import('sharp');
  try {
    const image = sharp(bytes, { limitInputPixels: maxImagePixels, failOn: 'error' });
    const { space } = await image.metadata();
    const grey = space === 'b-w' || space === 'grey16';
    const kept = channels ?? (grey ? 1 : 3);
    if (imageSize !== undefined) {
      // fastShrinkOnLoad would decode JPEGs at a fraction of their size and change the pixels.
      image.resize({ width: imageSize, height: imageSize, fit: 'cover', fastShrinkOnLoad: false });
    }
    const { data, info } = await image
      .autoOrient()
      .removeAlpha()
      .toColourspace(kept === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { pixels: data, width: info.width, height: info.height, channels: info.channels, grey };
  } catch (error) {
    throw badData(`openDataset: ${name} cannot be decoded: ${(error as Error).message}.`, { name }, error);
  }
}

/** Looks at the content, so that no other decoder is ever reached whatever a file is called. */
export function isImage(bytes: Uint8Array): boolean {
  const starts = (offset: number, text: string): boolean =>
    String.fromCharCode(...bytes.subarray(offset, offset + text.length)) === text;
  return starts(0, '\x89PNG\r\n\x1a\n') || starts(0, '\xff\xd8\xff') || (starts(0, 'RIFF') && starts(8, 'WEBP'));
}
