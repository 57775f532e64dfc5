import { fromBytes } from '@onestep/data';
import { readImage, type ReadImage, type ReadImageOptions } from '@onestep/data/node';
import { hostTensor, OnestepError, type HostTensor } from '@onestep/tensor';
import { cannotOpen, UsageError } from '../errors';

/** In pixels. */
export type Size = readonly [height: number, width: number];

/** How a picture is brought to what a model takes. */
export interface PictureRules {
  /** What is needed, given the size in the file. */
  readonly size: (fileSize: Size) => Size;
  readonly channels: 1 | 3;
  /** Scales and crops what has another size; otherwise it is refused. */
  readonly resize: boolean;
  /** Takes the luminance of colours where `channels` is 1; otherwise they are refused. */
  readonly grayscale: boolean;
}

/** A picture as a batch of one. */
export interface Picture {
  /** `[1, H, W, C]` in [-1, 1]. */
  readonly image: HostTensor;
  /** `[1, H, W, 1]`, 1 where the file is transparent; undefined where it is opaque. */
  readonly holes: HostTensor | undefined;
  /** Size in the file, before it was resized. */
  readonly fileSize: Size;
}

/** How a mask is brought to the form of its image. */
export interface MaskRules {
  readonly size: Size;
  readonly resize: boolean;
  /** Size of the image's file, which the mask's file must have. */
  readonly fileSize: Size;
}

/**
 * Reads an image for a model.
 *
 * @throws UsageError if it is absent, has another size, or has colours where the model has none
 */
export async function readPicture(
  path: string,
  { channels, resize, grayscale, ...rules }: PictureRules,
): Promise<Picture> {
  const file = await open(path);
  const fileSize: Size = [file.height, file.width];
  const size = rules.size(fileSize);
  if (channels === 1 && file.hasColor && !grayscale) {
    throw new UsageError(
      `--image: ${path} has colours, and the model makes grey images. Pass --grayscale to use its luminance.`,
    );
  }
  const isFit = fitsOrMayResize('--image', path, fileSize, { size, resize });
  const { pixels, alpha } = await open(path, {
    channels,
    ...(isFit ? {} : { size: { height: size[0], width: size[1] } }),
  });
  return {
    image: hostTensor(fromBytes(pixels), [1, ...size, channels]),
    holes: alpha === undefined ? undefined : binary(alpha, size, (opacity) => opacity < 128),
    fileSize,
  };
}

/**
 * Reads a mask: white is to be generated, black is known; in a file with transparency, transparent and opaque.
 *
 * @returns `[1, H, W, 1]` of 0 (known) and 1 (generated)
 * @throws UsageError if it is absent, or its file has another size than the image's
 */
export async function readMask(path: string, { size, resize, fileSize }: MaskRules): Promise<HostTensor> {
  const file = await open(path, { channels: 1 });
  if (file.height !== fileSize[0] || file.width !== fileSize[1]) {
    throw new UsageError(
      `--mask: ${path} has ${file.height} x ${file.width} pixels and the image ${fileSize.join(' x ')}. Make a mask of the image's size.`,
    );
  }
  const isFit = fitsOrMayResize('--mask', path, fileSize, { size, resize });
  const { pixels, alpha } = isFit ? file : await open(path, { channels: 1, size: { height: size[0], width: size[1] } });
  return alpha === undefined
    ? binary(pixels, size, (brightness) => brightness >= 128)
    : binary(alpha, size, (opacity) => opacity < 128);
}

/** Whether a file has the size that is needed; refuses another one unless it may be resized. */
function fitsOrMayResize(
  flag: string,
  path: string,
  fileSize: Size,
  { size, resize }: Pick<MaskRules, 'size' | 'resize'>,
): boolean {
  const fits = fileSize[0] === size[0] && fileSize[1] === size[1];
  if (fits || resize) return fits;
  throw new UsageError(
    `${flag}: ${path} has ${fileSize.join(' x ')} pixels (height x width), ${size.join(' x ')} are needed. Pass --resize to scale and crop it.`,
  );
}

async function open(path: string, options: ReadImageOptions = {}): Promise<ReadImage> {
  try {
    return await readImage(path, options);
  } catch (error) {
    if (error instanceof OnestepError) throw error;
    throw cannotOpen(path, error);
  }
}

function binary(values: Uint8Array, size: Size, isFree: (value: number) => boolean): HostTensor {
  return hostTensor(
    Float32Array.from(values, (value) => (isFree(value) ? 1 : 0)),
    [1, ...size, 1],
  );
}
