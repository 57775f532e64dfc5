import { tensorSpace } from '@onestep/core';
import { toHost, toTensor, type HostTensor, type Tensor2D } from '@onestep/tensor';
import { countCalls } from '../models/count-calls';
import { fromDenoiser, type AnyDenoiser } from '../models/from-denoiser';
import { guided } from '../models/guided';
import type { Sampler, SampleOptions } from '../sampler';
import { initialNoise, stepNoise } from './noise';
import { oneHotLabels } from './one-hot-labels';

/** One batch of finished images, in host memory. */
export interface ImageBatch {
  /** Numbers of these images. */
  readonly indices: readonly number[];
  /** `[B, H, W, C]` float32. Not clipped unless asked: a network may leave [-1, 1]. */
  readonly images: HostTensor;
  /** Network calls per image, counted; guidance doubles them. */
  readonly nfe: number;
}

/** What {@link sampleImages} evaluates: one of the two, matching the sampler's `accepts`. */
export type ImageModel =
  | { readonly denoiser: AnyDenoiser; readonly consistencyFunction?: undefined }
  | { readonly consistencyFunction: AnyDenoiser; readonly denoiser?: undefined };

/** Options of {@link sampleImages}, beside the model and those of the sampler itself. */
export interface SampleImagesOptions<Options> {
  readonly sampler: Sampler<Options>;
  /** Noise levels as the sampler expects them; the images start as noise of std `sigmas[0]`. */
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
  const { sampler, sigmas, shape, seed = 0, batchSize = 64, numClasses = 0 } = options;
  const { label, guidanceScale = 1, clip, onBatch } = options;
  const samplerOptions = options.samplerOptions ?? ({} as Options);
  const indices = imageIndices(options);
  const network = modelFor(options);
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`sampleImages: batchSize must be an integer >= 1, got ${batchSize}.`);
  }
  if (label !== undefined && numClasses === 0) {
    throw new TypeError('sampleImages: label is given, but numClasses is 0. Pass the number of classes of the model.');
  }
  const counted = countCalls(network);
  const denoiser = guided(counted.call, guidanceScale);

  for (let start = 0; start < indices.length; start += batchSize) {
    const batch = indices.slice(start, start + batchSize);
    const noiseOf = { seed, indices: batch, shape };
    const before = counted.calls();
    const labels =
      numClasses > 0
        ? toTensor(
            oneHotLabels(
              batch.map((index) => label?.(index)),
              numClasses,
            ),
          )
        : undefined;
    const x = toTensor(initialNoise({ ...noiseOf, sigmaMax: sigmas[0] }));
    let images: HostTensor;
    try {
      const result = await sampler.sample(
        fromDenoiser(denoiser, labels === undefined ? undefined : { labels: labels as Tensor2D }),
        x,
        {
          ...samplerOptions,
          space: tensorSpace,
          sigmas,
          clip,
          noise: (step) => toTensor(stepNoise({ ...noiseOf, step })),
        },
      );
      try {
        images = await toHost(result);
      } finally {
        result.dispose();
      }
    } finally {
      x.dispose();
      labels?.dispose();
    }
    onBatch?.({ done: start + batch.length, total: indices.length });
    yield { indices: batch, images, nfe: counted.calls() - before };
  }
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

/** The function to evaluate; refuses a kind the sampler is not made for, which would give silent nonsense. */
function modelFor<Options>({
  sampler,
  denoiser,
  consistencyFunction,
}: SampleImagesOptions<Options> & ImageModel): AnyDenoiser {
  const given = sampler.accepts === 'denoiser' ? denoiser : consistencyFunction;
  if (given === undefined) {
    const wanted = sampler.accepts === 'denoiser' ? 'denoiser' : 'consistencyFunction';
    throw new TypeError(
      `sampleImages: sampler "${sampler.name}" needs a ${wanted}. Pass one, or choose another sampler.`,
    );
  }
  return given;
}
