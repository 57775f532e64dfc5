import { makeHostBatch, type Dataset } from '@onestep/data';
import { openDataset } from '@onestep/data/node';
import type { LenetDataset } from '@onestep/metrics';
import type { HostTensor } from '@onestep/tensor';

/** The images that are edited, and what a plain filling knows. */
export interface EditingInputs {
  readonly dataset: LenetDataset;
  /** `[N, H, W, C]` in [-1, 1], every value a byte / 127.5 - 1. */
  readonly images: HostTensor;
  /** Class of each image. */
  readonly labels: readonly number[];
  /** Mean of all training images, H * W * C values. */
  readonly mean: Float32Array;
}

const chunk = 1000;

/** The first `count` test images, and the mean of the training images. */
export async function editingInputs(dataset: LenetDataset, count: number): Promise<EditingInputs> {
  const test = await openDataset(dataset, { split: 'test' });
  if (count > test.length)
    throw new RangeError(`study: ${dataset} has ${test.length} test images, asked for ${count}.`);
  const { images, labels } = await makeHostBatch(test, firstNumbers(count));
  const oneHot = labels?.data ?? new Float32Array(0);
  const classes = oneHot.length / count;
  return {
    dataset,
    images,
    labels: firstNumbers(count).map((i) => oneHot.subarray(i * classes, (i + 1) * classes).indexOf(1)),
    mean: await meanImage(await openDataset(dataset, { split: 'train' })),
  };
}

/** Mean of every pixel over a dataset. */
export async function meanImage(dataset: Dataset): Promise<Float32Array> {
  const size = dataset.shape.reduce((product, length) => product * length, 1);
  const sums = new Float64Array(size);
  for (let first = 0; first < dataset.length; first += chunk) {
    const indices = firstNumbers(Math.min(chunk, dataset.length - first)).map((i) => first + i);
    const { images } = await makeHostBatch(dataset, indices);
    for (let i = 0; i < images.data.length; i += 1) sums[i % size] += images.data[i];
  }
  return Float32Array.from(sums, (sum) => sum / dataset.length);
}

/** The first images alone. */
export function firstInputs({ images, labels, ...rest }: EditingInputs, count: number): EditingInputs {
  const { data, shape } = images;
  const kept = Math.min(count, shape[0]);
  const size = data.length / shape[0];
  return {
    ...rest,
    images: { ...images, shape: [kept, ...shape.slice(1)], data: data.slice(0, kept * size) },
    labels: labels.slice(0, kept),
  };
}

/** 0, 1, ..., count - 1. */
export function firstNumbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
