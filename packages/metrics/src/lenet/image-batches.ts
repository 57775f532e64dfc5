import { OnestepError, type HostTensor } from '@onestep/tensor';

/** Images in host memory: one tensor, or batches of any size as they come. */
export type ImageSource = HostTensor | Iterable<HostTensor> | AsyncIterable<HostTensor>;

/** Images of one size, cut anew. */
export interface ImageBatch {
  /** `[size, H, W, 1]`, a multiple of 1/127.5 minus 1; the last batch repeats its last image to keep the size. */
  readonly images: HostTensor;
  /** Images before the repetition. */
  readonly count: number;
}

/**
 * Cuts images into batches of one size, clipped to [-1, 1] and rounded to the 256 levels that an image file can hold.
 *
 * @throws {@link RangeError} if a tensor is not `[N, H, W, 1]`, or sizes differ
 * @throws OnestepError `non-finite` if a pixel is not a number, naming the image
 */
export async function* imageBatches(source: ImageSource, size: number): AsyncGenerator<ImageBatch> {
  let seen = 0;
  let filled = 0;
  let shape: readonly number[] | undefined;
  let batch = new Float32Array(0);
  for await (const part of 'data' in source ? [source] : source) {
    shape ??= checkShape(part.shape);
    if (part.shape.length !== 4 || part.shape.slice(1).join() !== shape.join()) {
      throw new RangeError(
        `fdLenet: got images of [${part.shape.slice(1).join(', ')}] after images of [${shape.join(', ')}].`,
      );
    }
    const pixels = shape[0] * shape[1];
    for (let i = 0; i < part.shape[0]; i += 1, seen += 1) {
      if (filled === 0) batch = new Float32Array(size * pixels);
      quantize(part.data, i * pixels, batch, filled * pixels, pixels, seen);
      filled += 1;
      if (filled === size) {
        yield { images: { dtype: 'float32', shape: [size, ...shape], data: batch }, count: size };
        filled = 0;
      }
    }
  }
  if (filled === 0 || shape === undefined) return;
  const pixels = shape[0] * shape[1];
  for (let i = filled; i < size; i += 1) batch.copyWithin(i * pixels, (filled - 1) * pixels, filled * pixels);
  yield { images: { dtype: 'float32', shape: [size, ...shape], data: batch }, count: filled };
}

function checkShape(shape: readonly number[]): readonly number[] {
  const [, height, width, channels] = shape;
  if (shape.length !== 4 || height !== width || (height !== 28 && height !== 32) || channels !== 1) {
    throw new RangeError(`fdLenet: images must be grey, [N, 28, 28, 1] or [N, 32, 32, 1], got [${shape.join(', ')}].`);
  }
  return shape.slice(1);
}

function quantize(
  from: ArrayLike<number>,
  start: number,
  to: Float32Array,
  at: number,
  pixels: number,
  image: number,
): void {
  for (let k = 0; k < pixels; k += 1) {
    const value = from[start + k];
    if (Number.isNaN(value)) {
      throw new OnestepError('non-finite', `fdLenet: image ${image} has a pixel that is not a number.`, {
        details: { image },
      });
    }
    to[at + k] = Math.round((Math.min(1, Math.max(-1, value)) + 1) * 127.5) / 127.5 - 1;
  }
}
