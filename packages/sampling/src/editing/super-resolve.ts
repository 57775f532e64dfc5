import { hostTensor, tf, toTensor, type HostTensor, type Tensor } from '@onestep/tensor';
import { checkImages, rowsOf } from '../internal/host-rows';
import { averageBlocks, blocksAlong, repeatBlocks } from './blocks';
import type { Constraint } from './constraint';
import { editImages, type EditedImages, type EditImagesOptions } from './edit-images';

/**
 * Known means of blocks: merge(x) = x + U (low - A x), A the mean over each factor x factor block, U its repetition, so
 * that the means of the result are `low`.
 *
 * @param low - `[B, ceil(H / factor), ceil(W / factor), C]`
 * @param options - `factor`, integer >= 1; `size`, the result's `[H, W]`, default factor times `low`. Where the factor does
 * not divide it, the blocks at the right and lower edge are smaller
 * @throws RangeError if `low` is not what `size` comes to
 * @see Song et al. 2023, appendix D: A rotates each block so that its mean is the first component
 */
export function superResolveConstraint(low: Tensor, options: SuperResolveOptions): Constraint<Tensor> {
  const { factor } = options;
  const size = fullSize(low.shape, options);
  const known = repeatBlocks(low, factor, size);
  return {
    known,
    merge: (x) => tf.tidy(() => tf.add(x, repeatBlocks(averageBlocks(tf.sub(known, x), factor), factor, size))),
    dispose: () => known.dispose(),
  };
}

/** Options of {@link superResolve}. */
export interface SuperResolveOptions {
  /** Side of a block of the result that one given pixel is the mean of, integer >= 1. */
  readonly factor: number;
  /** `[H, W]` of the result, the model's; default factor times the given size. */
  readonly size?: readonly [height: number, width: number] | undefined;
}

/**
 * Raises the resolution of images by a whole factor.
 *
 * @param images - `[B, ceil(H / factor), ceil(W / factor), C]` in [-1, 1], each pixel the mean of a block of the result
 * @param options - `factor`, `size`, the model, and those of every edit
 * @returns `[B, H, W, C]` whose block means are the given pixels, up to rounding
 * @throws RangeError if the given size does not come to `size`
 * @see Song et al. 2023, Algorithm 4 with A a rotation of each block
 */
export async function superResolve(
  images: HostTensor,
  options: EditImagesOptions & SuperResolveOptions,
): Promise<EditedImages> {
  checkImages('superResolve', images);
  const size = fullSize(images.shape, options);
  const low = toTensor(images);
  const upsampled = repeatBlocks(low, options.factor, size);
  const [count, , , channels] = images.shape;
  const guide = hostTensor(Float32Array.from(await upsampled.data()), [count, ...size, channels]);
  tf.dispose([low, upsampled]);
  return editImages(
    {
      task: 'super-resolve',
      guide,
      constraint(rows) {
        const part = toTensor(rowsOf(images, rows));
        try {
          return superResolveConstraint(part, { ...options, size });
        } finally {
          part.dispose();
        }
      },
    },
    options,
  );
}

/**
 * The images that {@link superResolve} is the inverse of: the mean of each factor x factor block.
 *
 * @param images - `[B, H, W, C]`
 * @param factor - integer >= 1; blocks at the right and lower edge may be smaller
 * @returns `[B, ceil(H / factor), ceil(W / factor), C]`
 */
export async function reduceImages(images: HostTensor, factor: number): Promise<HostTensor> {
  checkImages('reduceImages', images);
  checkFactor('reduceImages', factor);
  const x = toTensor(images);
  const low = averageBlocks(x, factor);
  try {
    return hostTensor(Float32Array.from(await low.data()), low.shape);
  } finally {
    tf.dispose([x, low]);
  }
}

/** `[H, W]` of the result; refuses one that the given images are not the reduction of. */
function fullSize(low: readonly number[], { factor, size }: SuperResolveOptions): readonly [number, number] {
  checkFactor('superResolve', factor);
  const [height, width] = size ?? [low[1] * factor, low[2] * factor];
  const expected = [blocksAlong(height, factor), blocksAlong(width, factor)];
  if (expected[0] !== low[1] || expected[1] !== low[2]) {
    throw new RangeError(
      `superResolve: with factor ${factor}, images of ${height} x ${width} come from ${expected.join(' x ')}, got ${low[1]} x ${low[2]}.`,
    );
  }
  return [height, width];
}

function checkFactor(where: string, factor: number): void {
  if (!Number.isInteger(factor) || factor < 1) {
    throw new RangeError(`${where}: factor must be an integer >= 1, got ${factor}.`);
  }
}
