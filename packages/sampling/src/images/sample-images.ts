import { tensorSpace } from '@onestep/core';
import { hostTensor, toHost, toTensor, type HostTensor, type Tensor2D } from '@onestep/tensor';
import type { Sampler, SampleOptions } from '../sampler';
import { countedModel, type CountedModel, type ImageModel } from './image-model';
import { initialNoise, stepNoise } from './noise';
import { oneHotLabels } from './one-hot-labels';

/** One batch of finished images, in host memory. */
export interface ImageBatch {
  /** Numbers of these images. */
  readonly indices: readonly number[];
  /** `[B, H, W, C]` float32. Not clipped unless asked: a network may leave [-1, 1]. */
  readonly images: HostTensor;
  /** Network calls per image, counted; guidance doubles them. The mean, where an adaptive sampler spends more on some. */
  readonly nfe: number;
}

/** Options of {@link sampleImages}, beside the model and those of the sampler itself. */
export interface SampleImagesOptions<Options> {
  readonly sampler: Sampler<Options>;
  /**
   * Noise levels as the sampler expects them; the images start as noise of std `sigmas[0]`. A sampler that chooses the levels
   * between itself (`levels: 'ends'`) needs the first and the last alone.
   */
  readonly sigmas: readonly number[];
  /** Shape of one image, `[H, W, C]`. */
  readonly shape: readonly number[];
  /** Integer in [0, 2^53), default 0. */
  readonly seed?: number;
  /** Which images: the first `count`, or these numbers. One of the two. */
  readonly count?: number;
  readonly indices?: readonly number[];
  /** Images in memory at a time, default 64; does not change any image's noise. */
  readonly batchSize?: number;
  /** Classes the model was made for, default 0 (unconditional). */
  readonly numClasses?: number;
  /** Class of image `index`; undefined is the unconditional label. Default: none has one. */
  readonly label?: (index: number) => number | undefined;
  /** Classifier-free guidance, >= 0, default 1 (none). */
  readonly guidanceScale?: number;
  /** Clips every model output; default: no clipping. */
  readonly clip?: SampleOptions<unknown>['clip'];
  /** Options of the sampler, for example `{ sChurn: 40 }`. */
  readonly samplerOptions?: Options;
  /** Called with the number of images done so far and in all, after each batch. */
  readonly onBatch?: (progress: { readonly done: number; readonly total: number }) => void;
}

/**
 * Samples images batch by batch; one batch is in memory at a time, and none is computed before it is asked for.
 *
 * Image i depends on (seed, i), the model and the options alone, never on `batchSize` or on which others are drawn
 * (up to what the backend's own rounding owes to the batch size).
 *
 * @yields batches in order of `indices`
 * @throws RangeError or TypeError at the first `next()`, before anything is computed, if the options contradict each other
 */
export async function* sampleImages<Options = object>(
  options: SampleImagesOptions<Options> & ImageModel,
): AsyncGenerator<ImageBatch, void, undefined> {
  const { sampler, batchSize = 64, numClasses = 0, label, guidanceScale = 1, onBatch } = options;
  const indices = imageIndices(options);
  const model = countedModel('sampleImages', sampler, options, guidanceScale);
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`sampleImages: batchSize must be an integer >= 1, got ${batchSize}.`);
  }
  if (label !== undefined && numClasses === 0) {
    throw new TypeError('sampleImages: label is given, but numClasses is 0. Pass the number of classes of the model.');
  }
  // Where images depend on those beside them, each is sampled alone.
  const atOnce = sampler.couplesBatch === true ? 1 : batchSize;

  for (let start = 0; start < indices.length; start += batchSize) {
    const batch = indices.slice(start, start + batchSize);
    const before = model.calls();
    const parts: HostTensor[] = [];
    for (let first = 0; first < batch.length; first += atOnce) {
      parts.push(await sampleTogether(options, model, batch.slice(first, first + atOnce)));
    }
    const calls = model.calls() - before;
    onBatch?.({ done: start + batch.length, total: indices.length });
    yield { indices: batch, images: joined(parts), nfe: calls / parts.length };
  }
}

/** Images that go through the sampler as one tensor. */
async function sampleTogether<Options>(
  options: SampleImagesOptions<Options>,
  model: CountedModel,
  indices: readonly number[],
): Promise<HostTensor> {
  const { sampler, sigmas, shape, seed = 0, numClasses = 0, label, clip } = options;
  const noiseOf = { seed, indices, shape };
  const labels =
    numClasses > 0
      ? toTensor(
          oneHotLabels(
            indices.map((index) => label?.(index)),
            numClasses,
          ),
        )
      : undefined;
  const x = toTensor(initialNoise({ ...noiseOf, sigmaMax: sigmas[0] }));
  try {
    const result = await sampler.sample(
      model.bind(labels === undefined ? undefined : { labels: labels as Tensor2D }),
      x,
      {
        ...(options.samplerOptions ?? ({} as Options)),
        space: tensorSpace,
        sigmas,
        clip,
        noise: (step) => toTensor(stepNoise({ ...noiseOf, step })),
      },
    );
    try {
      return await toHost(result);
    } finally {
      result.dispose();
    }
  } finally {
    x.dispose();
    labels?.dispose();
  }
}

/** The same images as one tensor. */
function joined(parts: readonly HostTensor[]): HostTensor {
  if (parts.length === 1) return parts[0];
  const [{ shape }] = parts;
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  parts.reduce((at, part) => {
    data.set(part.data, at);
    return at + part.data.length;
  }, 0);
  const count = parts.reduce((sum, part) => sum + part.shape[0], 0);
  return hostTensor(data, [count, ...shape.slice(1)]);
}

/** The images asked for; exactly one of `count` and `indices` says which. */
function imageIndices({ count, indices }: Pick<SampleImagesOptions<unknown>, 'count' | 'indices'>): readonly number[] {
  if ((count === undefined) === (indices === undefined)) {
    throw new TypeError('sampleImages: pass either count or indices.');
  }
  if (indices !== undefined) return indices;
  if (count === undefined || !Number.isInteger(count) || count < 0) {
    throw new RangeError(`sampleImages: count must be an integer >= 0, got ${count}.`);
  }
  return Array.from({ length: count }, (_, i) => i);
}
