import { OnestepError, type HostTensor } from '@onestep/tensor';

/** Images as bytes. */
export interface ByteImages {
  /** `[N, H, W, C]`. */
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** `[N, H, W, C]`: float32 in [-1, 1], or bytes. */
export type EvaluationImages = HostTensor | ByteImages;

/** Images in host memory: all at once, or batches of any size as they come. */
export type EvaluationSource = EvaluationImages | Iterable<EvaluationImages> | AsyncIterable<EvaluationImages>;

/** How values in [-1, 1] become bytes, as receipts state it. */
export const quantisation = 'clipped to [-1, 1], floor(127.5 x + 128) up to 255; bytes as they are';

/** Images of one size, cut anew. */
export interface ByteBatch {
  /** `[size, H, W, C]` float32 with the values of bytes; the last batch repeats its last image to keep the size. */
  readonly pixels: HostTensor;
  /** Images before the repetition. */
  readonly count: number;
}

/**
 * Cuts images into batches of one size with the values of bytes.
 *
 * @param channels - that the images must have
 * @throws {@link RangeError} if a tensor is not `[N, H, W, channels]`, or sizes differ
 * @throws OnestepError `non-finite` if a pixel is not a number, naming the image
 */
export async function* byteBatches(
  source: EvaluationSource,
  { size, channels, network }: { readonly size: number; readonly channels: 1 | 3; readonly network: string },
): AsyncGenerator<ByteBatch> {
  let seen = 0;
  let filled = 0;
  let image: readonly number[] | undefined;
  let batch = new Float32Array(0);
  const batchOf = (count: number, shape: readonly number[]): ByteBatch => ({
    pixels: { dtype: 'float32', shape: [size, ...shape], data: batch },
    count,
  });
  for await (const part of 'data' in source ? [source] : source) {
    image ??= checkShape(part.shape, channels, network);
    if (part.shape.length !== 4 || part.shape.slice(1).join() !== image.join()) {
      throw new RangeError(
        `evaluate: got images of [${part.shape.slice(1).join(', ')}] after images of [${image.join(', ')}]. Give all one size.`,
      );
    }
    const length = image.reduce((product, extent) => product * extent, 1);
    if (part.data.length !== part.shape[0] * length) {
      throw new RangeError(
        `evaluate: images of shape [${part.shape.join(', ')}] have ${part.data.length} numbers, expected ${part.shape[0] * length}.`,
      );
    }
    for (let i = 0; i < part.shape[0]; i += 1, seen += 1) {
      if (filled === 0) batch = new Float32Array(size * length);
      const target = batch.subarray(filled * length, (filled + 1) * length);
      if (part.data instanceof Uint8Array) target.set(part.data.subarray(i * length, (i + 1) * length));
      else quantise(part.data, i * length, target, seen);
      filled += 1;
      if (filled === size) {
        yield batchOf(size, image);
        filled = 0;
      }
    }
  }
  if (filled === 0 || image === undefined) return;
  const length = batch.length / size;
  for (let i = filled; i < size; i += 1) batch.copyWithin(i * length, (filled - 1) * length, filled * length);
  yield batchOf(filled, image);
}

function checkShape(shape: readonly number[], channels: 1 | 3, network: string): readonly number[] {
  const found = shape[3];
  if (shape.length !== 4 || found !== channels || !(shape[1] >= 1 && shape[2] >= 1)) {
    const hint =
      shape.length === 4 && channels === 3 && found === 1
        ? ' They are grey and the network sees colour: ask for repeatGrey (--repeat-grey), and the receipt says so.'
        : '';
    throw new RangeError(`evaluate: ${network} takes images [N, H, W, ${channels}], got [${shape.join(', ')}].${hint}`);
  }
  return shape.slice(1);
}

function quantise(from: ArrayLike<number>, start: number, to: Float32Array, image: number): void {
  for (let k = 0; k < to.length; k += 1) {
    const value = from[start + k];
    if (Number.isNaN(value)) {
      throw new OnestepError('non-finite', `evaluate: image ${image} has a pixel that is not a number.`, {
        details: { image },
      });
    }
    // In float32, as `toBytes` of @onestep/data has it, so that a file and its values get the same bytes.
    to[k] = Math.min(255, Math.max(0, Math.trunc(Math.fround(Math.fround(value * 127.5) + 128))));
  }
}
