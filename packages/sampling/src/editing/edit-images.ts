import { tensorSpace } from '@onestep/core';
import { hostTensor, toHost, toTensor, type HostTensor, type Tensor } from '@onestep/tensor';
import { initialNoise, stepNoise } from '../images/noise';
import type { ImageModel } from '../images/image-model';
import { checkImages, rowsOf, type Rows } from '../internal/host-rows';
import { countCalls } from '../models/count-calls';
import { fromDenoiser } from '../models/from-denoiser';
import { guided } from '../models/guided';
import type { Model, Sampler, SampleOptions } from '../sampler';
import { nearestInRange, type Constraint } from './constraint';
import { edit } from './edit';
import { conditionOf, editPlan, type EditPlan } from './edit-plan';
import { guessLabels } from './guess-labels';
import type { EditingTask } from './presets';

/** What every edit of images takes, beside the model. */
export type EditImagesOptions = ImageModel & {
  /** Noise levels as the sampler expects them. Default: the preset of the task, see `editingSigmas`. */
  readonly sigmas?: readonly number[] | undefined;
  /**
   * Default `multistep` for a consistency function; for a denoiser `eulerAncestral` where something is known, `heun` where
   * nothing is.
   */
  readonly sampler?: Sampler | undefined;
  /** Options of the sampler. */
  readonly samplerOptions?: object | undefined;
  /** Range of the model's noise levels, for presets and for `multistep`; default 0.002 and 80. */
  readonly sigmaMin?: number | undefined;
  readonly sigmaMax?: number | undefined;
  /** Integer in [0, 2^53), default 0. */
  readonly seed?: number | undefined;
  /** Number of each image's noise, one per image; default 0, 1, 2, ... */
  readonly indices?: readonly number[] | undefined;
  /** Images in memory at a time, default 64; changes no image. */
  readonly batchSize?: number | undefined;
  /** Classes the model was made for, default 0 (unconditional). */
  readonly numClasses?: number | undefined;
  /**
   * Class of the image in row `row` (undefined: the unconditional label), or `guess`: the class under which the model agrees
   * best with what is known, which costs 8 calls for every class. Default: none has one.
   */
  readonly label?: 'guess' | ((row: number) => number | undefined) | undefined;
  /** Classifier-free guidance, >= 0, default 1 (none). */
  readonly guidanceScale?: number | undefined;
  /** Clips every estimate of the model before known components are put in, default [-1, 1]. */
  readonly clip?: SampleOptions<unknown>['clip'];
  /** Called with the number of images done so far and in all, after each batch. */
  readonly onBatch?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
};

/** Finished edits, in host memory. */
export interface EditedImages {
  /** `[B, H, W, C]` float32. */
  readonly images: HostTensor;
  /** What was known, with plain fillings elsewhere, in the same shape: the middle column of a sheet. */
  readonly known: HostTensor;
  /** Class that each image was edited as; undefined where it has none. */
  readonly labels: readonly (number | undefined)[];
  /** Network calls per image, counted; guidance doubles them, guessing labels is not in it. */
  readonly nfe: number;
}

/** What a task adds to the common part. */
export interface EditJob {
  readonly task: EditingTask;
  /** `[B, H, W, C]`: what the images start as, before noise of std `sigmas[0]` is added. */
  readonly guide: HostTensor;
  /** What is known of these rows; none: nothing is kept. */
  readonly constraint?: ((rows: Rows) => Constraint<Tensor>) | undefined;
  /** The noised start itself, where it is not guide + sigmas[0] z. */
  readonly start?: ((rows: Rows) => HostTensor) | undefined;
}

/** Runs a job batch by batch. Image i depends on (seed, its number), the model and the options alone. */
export async function editImages({ task, guide, ...job }: EditJob, options: EditImagesOptions): Promise<EditedImages> {
  checkImages(task, guide);
  const { seed = 0, batchSize = 64, onBatch, sigmaMin, numClasses = 0 } = options;
  const plan = editPlan(task, job.constraint !== undefined, options);
  const [total, ...shape] = guide.shape;
  const indices = options.indices ?? Array.from({ length: total }, (_, i) => i);
  checkCounts(task, { total, indices, batchSize });
  const images = new Float32Array(guide.data.length);
  const known = Float32Array.from(guide.data);
  const labels: (number | undefined)[] = [];
  const counted = countCalls(plan.network);
  const network = guided(counted.call, options.guidanceScale ?? 1);
  let nfe = 0;
  for (let first = 0; first < total; first += batchSize) {
    const rows: Rows = { first, count: Math.min(batchSize, total - first) };
    const offset = (first * guide.data.length) / total;
    const noiseOf = { seed, indices: indices.slice(first, first + rows.count), shape };
    const noise = (step: number): Tensor => toTensor(stepNoise({ ...noiseOf, step }));
    const ownGuide = rowsOf(guide, rows);
    const start = (sigma: number): Tensor => toTensor(noised(ownGuide, { ...noiseOf, sigmaMax: sigma }));
    const constraint = job.constraint?.(rows);
    try {
      const guessing = {
        start,
        noise,
        network,
        numClasses,
        sigmaMin,
        merge: constraint?.merge ?? everythingKnown(ownGuide),
      };
      const ofRows = await labelsOf(rows, options, () => guessLabels(plan, guessing));
      labels.push(...ofRows);
      const before = counted.calls();
      const condition = conditionOf(ofRows, options);
      const x = job.start === undefined ? start(plan.sigmas[0]) : toTensor(job.start(rows));
      try {
        const result = await sampled(fromDenoiser(network, condition), x, { ...plan, noise, constraint });
        images.set((await downloaded(result)).data, offset);
      } finally {
        x.dispose();
        condition?.labels?.dispose();
      }
      nfe = counted.calls() - before;
      if (constraint !== undefined) known.set((await toHost(constraint.known)).data, offset);
    } finally {
      constraint?.dispose();
    }
    onBatch?.({ done: first + rows.count, total });
  }
  return { images: hostTensor(images, guide.shape), known: hostTensor(known, guide.shape), labels, nfe };
}

/** Refuses what would run for nothing. */
export function checkCounts(
  where: string,
  {
    total,
    indices,
    batchSize,
  }: { readonly total: number; readonly indices: readonly number[]; readonly batchSize: number },
): void {
  if (indices.length !== total) {
    throw new RangeError(`${where}: indices must name the noise of each of ${total} images, got ${indices.length}.`);
  }
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`${where}: batchSize must be an integer >= 1, got ${batchSize}.`);
  }
}

/** Classes of these rows: told, guessed, or none. */
export async function labelsOf(
  { first, count }: Rows,
  { label, numClasses = 0 }: Pick<EditImagesOptions, 'label' | 'numClasses'>,
  guess: () => Promise<readonly number[]>,
): Promise<readonly (number | undefined)[]> {
  if (label !== undefined && numClasses === 0) {
    throw new TypeError('edit: label is given, but numClasses is 0. Pass the number of classes of the model.');
  }
  if (label === 'guess') return guess();
  return Array.from({ length: count }, (_, i) => label?.(first + i));
}

/** For guessing where nothing is kept: the whole image counts as known. */
function everythingKnown(guide: HostTensor): (x: Tensor) => Tensor {
  return () => toTensor(guide);
}

/** One batch, merged with what is known; without a constraint plainly sampled. */
async function sampled(
  model: Model<Tensor>,
  x: Tensor,
  options: EditPlan & {
    readonly noise: (k: number) => Tensor;
    readonly constraint: Constraint<Tensor> | undefined;
  },
): Promise<Tensor> {
  const { sampler, sigmas, noise, clip, samplerOptions, constraint } = options;
  const common = { space: tensorSpace, sigmas, noise, clip };
  if (constraint === undefined) return sampler.sample(model, x, { ...samplerOptions, ...common });
  const { merge } = constraint;
  const edited = await edit(model, x, { ...common, sampler, samplerOptions, merge });
  try {
    return nearestInRange(edited, { space: tensorSpace, merge, range: clip });
  } finally {
    edited.dispose();
  }
}

/** guide + sigmaMax z. */
function noised(guide: HostTensor, options: Parameters<typeof initialNoise>[0]): HostTensor {
  const { data, shape } = initialNoise(options);
  for (let i = 0; i < data.length; i += 1) data[i] += guide.data[i];
  return hostTensor(data as Float32Array, shape);
}

/** The values of a tensor, which is freed. */
async function downloaded(tensor: Tensor): Promise<HostTensor> {
  try {
    return await toHost(tensor);
  } finally {
    tensor.dispose();
  }
}
