import { hostTensor, type HostTensor } from '@onestep/tensor';
import { flipHorizontally, flipVertically } from '../batches/flips';
import type { ImageAugmentation } from './draw-augmentation';
import { inverseMatrix } from './inverse-matrix';
import { augmentationLabels } from './labels';
import { resample } from './resample';

/** Augmented images and what a network is told about them. */
export interface AugmentedImages {
  /** `[B, H, W, C]`; the filter may overshoot [-1, 1] a little. */
  readonly images: HostTensor;
  /** Augmentation labels `[B, 9]`, see `augmentationLabels`. */
  readonly labels: HostTensor;
}

/**
 * Augments a batch of images: flips, then scaling, rotation, anisotropic scaling and shift as one resampling with little
 * aliasing.
 *
 * @param images - `[B, H, W, C]` in [-1, 1]; left as they are
 * @param augmentation - one entry per image, from `drawAugmentation`
 * @returns new images, each a function of its own pixels and its own entry, and the labels
 * @throws RangeError if the images have another rank or number than the entries
 * @remarks Computed in double precision and rounded once. Flips are exact, and an image that is not resampled keeps its bits
 *   (the reference sends every image through the filters, which is the identity up to rounding). A resampled image of
 *   32 x 32 x 3 takes about a millisecond.
 * @see Karras et al. 2022, App. F.2; NVlabs/edm `training/augment.py`
 */
export function augmentImages(images: HostTensor, augmentation: readonly ImageAugmentation[]): AugmentedImages {
  const [count, height, width, channels] = images.shape;
  if (images.shape.length !== 4 || count !== augmentation.length) {
    throw new RangeError(
      `augmentImages: images must be [${augmentation.length}, H, W, C], one for each entry, got [${images.shape.join(', ')}].`,
    );
  }
  const shape = [height, width, channels] as const;
  const data = Float32Array.from(images.data);
  const size = height * width * channels;
  augmentation.forEach((own, i) => {
    const image = data.subarray(i * size, (i + 1) * size);
    if (own.xFlip) flipHorizontally(image, shape);
    if (own.yFlip) flipVertically(image, shape);
    const map = inverseMatrix(own, [height, width]);
    if (map !== undefined) image.set(resample(image, shape, map));
  });
  return { images: hostTensor(data, images.shape), labels: augmentationLabels(augmentation) };
}
