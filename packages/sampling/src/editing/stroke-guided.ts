import { type HostTensor } from '@onestep/tensor';
import { checkImages, repeated } from '../internal/host-rows';
import { editImages, type EditedImages, type EditImagesOptions } from './edit-images';

/**
 * Makes images that follow a painting: noise of the starting level hides its details, and the model fills in others.
 *
 * x = strokes + sigmas[0] z, then the sampler, down from sigmas[0].
 *
 * @param strokes - `[B, H, W, C]` in [-1, 1]
 * @param options - the model, and those of every edit; the first of `sigmas` decides how much is kept (see `strengthToSigma`)
 * @returns `[B, H, W, C]`; nothing is kept exactly
 * @remarks The consistency-model paper uses levels 5.38 and 2.24 for 256 x 256 images; smaller images need smaller ones.
 * @see Song et al. 2023, appendix D; Meng et al. 2022 (SDEdit), Algorithm 1
 */
export async function strokeGuided(strokes: HostTensor, options: EditImagesOptions): Promise<EditedImages> {
  checkImages('strokeGuided', strokes);
  return editImages({ task: 'stroke', guide: strokes }, options);
}

/** Options of {@link variations}. */
export interface VariationsOptions {
  /** Variations, integer >= 1. */
  readonly count: number;
}

/**
 * Makes variations of one image: variation i is the image with noise number i, brought back by the model.
 *
 * @param image - `[1, H, W, C]` in [-1, 1]
 * @param options - `count`, the model, and those of every edit; a higher first level departs further
 * @returns `[count, H, W, C]`
 * @throws RangeError if there are several images or `count` is no integer >= 1
 */
export async function variations(
  image: HostTensor,
  options: EditImagesOptions & VariationsOptions,
): Promise<EditedImages> {
  checkImages('variations', image);
  const { count } = options;
  if (image.shape[0] !== 1) throw new RangeError(`variations: expected one image, got ${image.shape[0]}.`);
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`variations: count must be an integer >= 1, got ${count}.`);
  }
  return editImages({ task: 'variations', guide: repeated(image, count) }, options);
}
