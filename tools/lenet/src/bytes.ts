import type { Dataset } from '@onestep/data';
import type { HostTensor } from '@onestep/tensor';

/** A dataset in memory. */
export interface LabelledBytes {
  readonly id: string;
  readonly count: number;
  /** `[count, 28, 28]`. */
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

/** Reads all images of a dataset of 28 x 28 grey images. */
export async function readAll(dataset: Dataset): Promise<LabelledBytes> {
  const { id, length, shape } = dataset;
  if (shape.join() !== '28,28,1') throw new RangeError(`readAll: ${id} holds images of [${shape.join(', ')}].`);
  const pixels = new Uint8Array(length * 784);
  const labels = new Uint8Array(length);
  for (let i = 0; i < length; i += 1) labels[i] = await dataset.read(i, pixels.subarray(i * 784, (i + 1) * 784));
  return { id, count: length, pixels, labels };
}

/** The images in order, in [-1, 1], in batches of `[size, 28, 28, 1]`. */
export function* imagesOf({ pixels, count }: LabelledBytes, size: number): Generator<HostTensor> {
  for (let start = 0; start < count; start += size) {
    const bytes = pixels.subarray(start * 784, Math.min(start + size, count) * 784);
    const data = Float32Array.from(bytes, (byte) => byte / 127.5 - 1);
    yield { dtype: 'float32', shape: [bytes.length / 784, 28, 28, 1], data };
  }
}
