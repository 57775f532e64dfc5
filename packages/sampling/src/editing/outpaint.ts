import { hostTensor, type HostTensor } from '@onestep/tensor';
import { checkImages } from '../internal/host-rows';
import type { EditedImages, EditImagesOptions } from './edit-images';
import { fillHoles } from './inpaint';

/** Pixels to add on each side, integers >= 0, default 0. */
export interface Margins {
  readonly top?: number | undefined;
  readonly right?: number | undefined;
  readonly bottom?: number | undefined;
  readonly left?: number | undefined;
}

/** Options of {@link outpaint}. */
export interface OutpaintOptions {
  readonly margins: Margins;
}

/**
 * Extends images beyond their edges: the given image is known, the margins are generated.
 *
 * @param images - `[B, H - top - bottom, W - left - right, C]` in [-1, 1], for a model of images `[H, W, C]`
 * @param options - `margins`, the model, and those of every edit
 * @returns `[B, H, W, C]`; the given pixels are in it bit for bit
 * @throws RangeError if a margin is no integer >= 0, or all are 0
 */
export async function outpaint(
  images: HostTensor,
  options: EditImagesOptions & OutpaintOptions,
): Promise<EditedImages> {
  const canvas = outpaintCanvas(images, options.margins);
  return fillHoles('outpaint', canvas.images, { ...options, mask: canvas.mask });
}

/**
 * Places images on a larger canvas and makes the mask of what is new.
 *
 * @returns `images [B, H, W, C]` with 0 in the margins, `mask [1, H, W, 1]` with 1 there
 * @throws RangeError as {@link outpaint}
 */
export function outpaintCanvas(
  images: HostTensor,
  { top = 0, right = 0, bottom = 0, left = 0 }: Margins,
): { readonly images: HostTensor; readonly mask: HostTensor } {
  checkImages('outpaint', images);
  for (const [side, margin] of Object.entries({ top, right, bottom, left })) {
    if (!Number.isInteger(margin) || margin < 0) {
      throw new RangeError(`outpaint: margins must be integers >= 0, but ${side} = ${margin}.`);
    }
  }
  if (top + right + bottom + left === 0) {
    throw new RangeError('outpaint: all margins are 0, so nothing is to be generated. Give at least one.');
  }
  const [count, height, width, channels] = images.shape;
  const [tall, wide] = [top + height + bottom, left + width + right];
  const data = new Float32Array(count * tall * wide * channels);
  const mask = new Float32Array(tall * wide).fill(1);
  for (let row = 0; row < height; row += 1) {
    const target = (top + row) * wide + left;
    mask.fill(0, target, target + width);
    for (let image = 0; image < count; image += 1) {
      const source = (image * height + row) * width * channels;
      data.set(images.data.subarray(source, source + width * channels), (image * tall * wide + target) * channels);
    }
  }
  return { images: hostTensor(data, [count, tall, wide, channels]), mask: hostTensor(mask, [1, tall, wide, 1]) };
}
