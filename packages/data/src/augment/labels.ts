import { hostTensor, type HostTensor } from '@onestep/tensor';
import type { ImageAugmentation } from './draw-augmentation';

/** Width of the augmentation labels: what a network's `augmentChannels` must be to take them. */
export const augmentationLabelWidth = 9;

/**
 * What a network is told of the augmentation of its images: x-flip, y-flip, w of the scaling, cos - 1 and sin of the
 * rotation, w cos and w sin of the anisotropic scaling, shift along x and y; all zero for an image as it is.
 *
 * @returns `[B, 9]`
 * @remarks Nine columns whatever the rates; the reference leaves out those of transforms that are never on.
 * @see NVlabs/edm `training/augment.py`
 */
export function augmentationLabels(augmentation: readonly ImageAugmentation[]): HostTensor {
  const rows = augmentation.map(({ xFlip, yFlip, scale, rotate, aniso, anisoAngle, translate }) => [
    xFlip ? 1 : 0,
    yFlip ? 1 : 0,
    scale,
    Math.cos(rotate) - 1,
    Math.sin(rotate),
    aniso * Math.cos(anisoAngle),
    aniso * Math.sin(anisoAngle),
    ...translate,
  ]);
  return hostTensor(Float32Array.from(rows.flat()), [rows.length, augmentationLabelWidth]);
}
