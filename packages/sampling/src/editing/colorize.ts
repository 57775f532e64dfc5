import { hostTensor, tf, toTensor, type HostTensor, type Rank, type Tensor } from '@onestep/tensor';
import { checkImages, rowsOf } from '../internal/host-rows';
import type { Constraint } from './constraint';
import { editImages, type EditedImages, type EditImagesOptions } from './edit-images';

/** Grey of a pixel: .2989 R + .5870 G + .1140 B. The weights sum to .9999, as in the reference. */
export const greyWeights = [0.2989, 0.587, 0.114] as const;

/** Projector onto the grey direction, q q^T with q = greyWeights / |greyWeights|. */
const greyProjector = greyWeights.map((row) => {
  const norm = greyWeights.reduce((sum, weight) => sum + weight * weight, 0);
  return greyWeights.map((column) => (row * column) / norm);
});

/**
 * Known grey values: merge(x) = x + q q^T (image - x), so that the grey of the result is the image's.
 *
 * @param images - `[B, H, W, 3]`; only their grey is read
 * @see Song et al. 2023, appendix D: A is the rotation that takes q to the first channel, of which q q^T is all that matters
 */
export function colorizeConstraint(images: Tensor): Constraint<Tensor> {
  const project = (x: Tensor): Tensor =>
    tf.reshape(tf.matMul(tf.reshape<Rank.R2>(x, [-1, 3]), tf.tensor2d(greyProjector)), x.shape);
  const known = tf.tidy(() => project(images));
  return {
    known,
    merge: (x) => tf.tidy(() => tf.add(x, project(tf.sub(known, x)))),
    dispose: () => known.dispose(),
  };
}

/**
 * Gives grey images colours.
 *
 * @param images - `[B, H, W, 1]` in [-1, 1], or `[B, H, W, 3]` of which the grey alone is used
 * @param options - a model of colour images, and those of every edit
 * @returns `[B, H, W, 3]` with the grey of the given images, up to rounding
 * @throws RangeError for another number of channels
 * @see Song et al. 2023, Algorithm 4 with A a rotation of the colour space
 */
export async function colorize(images: HostTensor, options: EditImagesOptions): Promise<EditedImages> {
  checkImages('colorize', images);
  const guide = greyImages(images);
  return editImages(
    {
      task: 'colorize',
      guide,
      constraint(rows) {
        const grey = toTensor(rowsOf(guide, rows));
        try {
          return colorizeConstraint(grey);
        } finally {
          grey.dispose();
        }
      },
    },
    options,
  );
}

/** Images with three equal channels, each pixel's grey. */
function greyImages({ shape, data }: HostTensor): HostTensor {
  const [count, height, width, channels] = shape;
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(`colorize: images must have 1 or 3 channels, got ${channels}.`);
  }
  const [red, green, blue] = greyWeights;
  const grey = Float32Array.from({ length: count * height * width * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    if (channels === 1) return data[pixel];
    return red * data[3 * pixel] + green * data[3 * pixel + 1] + blue * data[3 * pixel + 2];
  });
  return hostTensor(grey, [count, height, width, 3]);
}
