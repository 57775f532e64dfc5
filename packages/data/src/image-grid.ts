import { toBytes } from './batches/pixels';
import { checkInteger } from './internal/checks';

/** Bytes of one picture, channels last. */
export interface PixelImage {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** How images are laid out on a sheet. */
export interface ImageGridOptions {
  /** `[H, W, C]` of each image, C = 1 or 3. */
  readonly shape: readonly [number, number, number];
  /** Images per row; default: the ceiling of the square root of the number of images. */
  readonly columns?: number | undefined;
  /** Rows; default: as many as needed. */
  readonly rows?: number | undefined;
  /** Pixels between images and around them, before scaling, integer >= 0; default 2. */
  readonly padding?: number | undefined;
  /** Whole factor by which each pixel is repeated, integer >= 1; default 1. */
  readonly scale?: number | undefined;
  /** Byte of the padding and of empty cells; default 0, black. */
  readonly background?: number | undefined;
}

/**
 * Lays images out on one sheet, row by row.
 *
 * @param images - N * H * W * C bytes, or float32 values in [-1, 1] (converted by `toBytes`), channels last
 * @param options - shape of an image and layout
 * @returns the sheet
 * @throws RangeError if the length does not fit the shape or the images do not fit the cells
 */
export function imageGrid(images: Uint8Array | Float32Array, options: ImageGridOptions): PixelImage {
  const { shape, padding = 2, scale = 1, background = 0 } = options;
  const [height, width, channels] = shape;
  ['height', 'width', 'channels'].forEach((name, i) => checkInteger('imageGrid', name, shape[i], 1));
  const size = height * width * channels;
  const count = images.length / size;
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `imageGrid: images must hold one or more images of ${size} values ([${shape.join(', ')}]), got ${images.length}.`,
    );
  }
  const columns =
    options.columns ?? (options.rows === undefined ? Math.ceil(Math.sqrt(count)) : Math.ceil(count / options.rows));
  checkInteger('imageGrid', 'columns', columns, 1);
  const rows = options.rows ?? Math.ceil(count / columns);
  checkInteger('imageGrid', 'rows', rows, 1);
  checkInteger('imageGrid', 'padding', padding, 0);
  checkInteger('imageGrid', 'scale', scale, 1);
  if (rows * columns < count) {
    throw new RangeError(`imageGrid: ${count} images do not fit ${rows} rows of ${columns}.`);
  }
  const bytes = images instanceof Float32Array ? toBytes(images) : images;
  const sheetHeight = (rows * (height + padding) + padding) * scale;
  const sheetWidth = (columns * (width + padding) + padding) * scale;
  const pixels = new Uint8Array(sheetHeight * sheetWidth * channels).fill(background);
  for (let image = 0; image < count; image += 1) {
    const top = (padding + Math.floor(image / columns) * (height + padding)) * scale;
    const left = (padding + (image % columns) * (width + padding)) * scale;
    for (let y = 0; y < height * scale; y += 1) {
      for (let x = 0; x < width * scale; x += 1) {
        const source = image * size + (Math.floor(y / scale) * width + Math.floor(x / scale)) * channels;
        const target = ((top + y) * sheetWidth + left + x) * channels;
        for (let channel = 0; channel < channels; channel += 1) pixels[target + channel] = bytes[source + channel];
      }
    }
  }
  return { pixels, width: sheetWidth, height: sheetHeight, channels };
}
