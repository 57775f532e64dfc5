import {
  hostTensor,
  randomStream,
  tf,
  toHost,
  toTensor,
  type HostTensor,
  type Tensor,
  type Tensor1D,
} from '@onestep/tensor';
import { stepNoise } from '../images/noise';
import { checkImages, rowsOf } from '../internal/host-rows';
import { tidied } from '../models/from-denoiser';
import { guided } from '../models/guided';
import { checkCounts, labelsOf, type EditedImages, type EditImagesOptions } from './edit-images';
import { conditionOf } from './edit-plan';
import { estimateSigma } from './estimate-sigma';

/** Options of {@link denoise}: those of every edit that one call of the model has a use for. */
export type DenoiseOptions = Omit<EditImagesOptions, 'sampler' | 'samplerOptions' | 'sigmas'> & {
  /**
   * Noise level: std of the noise in [-1, 1] (of 8-bit values: std / 127.5), one for all images or one each, in
   * [0, sigmaMax]. Default: {@link estimateSigma}.
   */
  readonly sigma?: number | readonly number[] | undefined;
  /**
   * Whether values outside [-1, 1] were cut off, as every 8-bit file does; default false. The model expects whole noise:
   * values at an end of the range get the half of it back that was cut, -1 - sigma |z| and 1 + sigma |z|.
   */
  readonly wasClipped?: boolean | undefined;
};

/** {@link EditedImages} with the noise levels that were removed. */
export interface DenoisedImages extends EditedImages {
  /** One for each image, in [sigmaMin, sigmaMax]. */
  readonly sigmas: readonly number[];
}

/**
 * Removes white noise in one call: f(y, sigma), or for a denoiser D(y, sigma), the mean of all images that y may come
 * from, which has the least squared error and is smoother than any of them.
 *
 * @param images - `[B, H, W, C]`, noisy; images in [-1, 1] plus noise, so not clipped if that can be had
 * @param options - `sigma`, `wasClipped`, the model
 * @returns images in the range of `clip`; levels below sigmaMin are taken for sigmaMin, where f is the identity
 * @throws RangeError if there are other than 1 or B levels, or one is out of range
 * @see Song et al. 2023, appendix D
 */
export async function denoise(images: HostTensor, options: DenoiseOptions): Promise<DenoisedImages> {
  checkImages('denoise', images);
  const {
    sigmaMin = 0.002,
    sigmaMax = 80,
    clip = [-1, 1],
    seed = 0,
    batchSize = 64,
    onBatch,
    numClasses = 0,
  } = options;
  const total = images.shape[0];
  const indices = options.indices ?? Array.from({ length: total }, (_, i) => i);
  const sigmas = levelsOf(images, options.sigma, sigmaMax).map((level) =>
    Math.min(sigmaMax, Math.max(sigmaMin, level)),
  );
  const model = options.consistencyFunction ?? options.denoiser;
  if (model === undefined) throw new TypeError('denoise: pass a consistencyFunction or a denoiser.');
  const scale = options.guidanceScale ?? 1;
  const network = guided(model, scale);
  const size = images.data.length / total;
  const whole = Float32Array.from(images.data);
  if (options.wasClipped === true) {
    sigmas.forEach((sigma, i) =>
      restoreTails(whole.subarray(i * size, (i + 1) * size), { sigma, seed, index: indices[i] }),
    );
  }
  checkCounts('denoise', { total, indices, batchSize });
  const labels: (number | undefined)[] = [];
  const results = new Float32Array(images.data.length);
  for (let first = 0; first < total; first += batchSize) {
    const rows = { first, count: Math.min(batchSize, total - first) };
    const x = toTensor(rowsOf(hostTensor(whole, images.shape), rows));
    const levels = tf.tensor1d(sigmas.slice(first, first + rows.count));
    const call = async (at: Tensor, sigma: Tensor1D, ofRows: readonly (number | undefined)[]): Promise<HostTensor> => {
      const condition = conditionOf(ofRows, options);
      try {
        return await clippedCall(() => network(at, sigma, condition), at, clip);
      } finally {
        condition?.labels?.dispose();
      }
    };
    try {
      const noisy = rowsOf(hostTensor(whole, images.shape), rows);
      const wanted = { numClasses, seed, indices: indices.slice(first, first + rows.count), sigmaMax };
      const ofLevels = sigmas.slice(first, first + rows.count);
      const ofRows = await labelsOf(rows, options, () => bestLabels(noisy, ofLevels, wanted, call));
      labels.push(...ofRows);
      results.set((await call(x, levels, ofRows)).data, first * size);
    } finally {
      tf.dispose([x, levels]);
    }
    onBatch?.({ done: first + rows.count, total });
  }
  return { images: hostTensor(results, images.shape), known: images, labels, nfe: scale === 1 ? 1 : 2, sigmas };
}

/** The clipped answer of one call, downloaded; `x` stays the caller's also where it is the answer. */
async function clippedCall(
  call: () => Tensor | Promise<Tensor>,
  x: Tensor,
  [low, high]: readonly [number, number],
): Promise<HostTensor> {
  const output = await tidied(call);
  const clipped = tf.clipByValue(output, low, high);
  try {
    return await toHost(clipped);
  } finally {
    if (output !== x) output.dispose();
    clipped.dispose();
  }
}

/** Levels at which classes are compared: so many times the image's own, and at least so much. */
const compared = [
  { times: 3, least: 0.8 },
  { times: 6, least: 1.6 },
] as const;

/**
 * For each image the class under which the model finds it again best, from more noise than it has. At its own level the
 * nearest answer is the one that removes least, whatever the class.
 *
 * @see Li et al. 2023, Algorithm 1
 */
async function bestLabels(
  noisy: HostTensor,
  sigmas: readonly number[],
  {
    numClasses,
    seed,
    indices,
    sigmaMax,
  }: {
    readonly numClasses: number;
    readonly seed: number;
    readonly indices: readonly number[];
    readonly sigmaMax: number;
  },
  call: (at: Tensor, sigma: Tensor1D, labels: readonly number[]) => Promise<HostTensor>,
): Promise<number[]> {
  const count = noisy.shape[0];
  const size = noisy.data.length / count;
  const errors = Array.from({ length: count }, () => new Float64Array(numClasses));
  for (const [step, { times, least }] of compared.entries()) {
    const raised = sigmas.map((sigma) => Math.min(sigmaMax, Math.max(times * sigma, least)));
    const more = stepNoise({ seed, indices, shape: noisy.shape.slice(1), step });
    const noisier = Float32Array.from(noisy.data, (value, i) => {
      const [from, to] = [sigmas[Math.floor(i / size)], raised[Math.floor(i / size)]];
      return value + Math.sqrt(Math.max(0, to * to - from * from)) * more.data[i];
    });
    const at = toTensor(hostTensor(noisier, noisy.shape));
    const levels = tf.tensor1d(raised);
    try {
      for (let label = 0; label < numClasses; label += 1) {
        const { data } = await call(at, levels, new Array<number>(count).fill(label));
        data.forEach((value, i) => (errors[Math.floor(i / size)][label] += (value - noisy.data[i]) ** 2));
      }
    } finally {
      tf.dispose([at, levels]);
    }
  }
  return errors.map((ofImage) => ofImage.indexOf(Math.min(...ofImage)));
}

/** One level for each image, told or estimated. */
function levelsOf(images: HostTensor, sigma: DenoiseOptions['sigma'], sigmaMax: number): readonly number[] {
  const total = images.shape[0];
  if (sigma === undefined) return estimateSigma(images);
  const levels = typeof sigma === 'number' ? new Array<number>(total).fill(sigma) : sigma;
  if (levels.length !== total) {
    throw new RangeError(`denoise: sigma must be one level or one for each of ${total} images, got ${levels.length}.`);
  }
  const wrong = levels.findIndex((level) => !(level >= 0 && level <= sigmaMax));
  if (wrong >= 0) throw new RangeError(`denoise: sigma must be in [0, ${sigmaMax}], got ${levels[wrong]}.`);
  return levels;
}

/** Puts back what clipping cut: exact where the clean value stands at the end of the range, as backgrounds do. */
function restoreTails(
  image: Float32Array,
  { sigma, seed, index }: { readonly sigma: number; readonly seed: number; readonly index: number },
): void {
  const draws = randomStream(seed, 'edit.clipped-noise', index).normal(image.length);
  for (let i = 0; i < image.length; i += 1) {
    if (image[i] <= -1) image[i] = -1 - sigma * Math.abs(draws[i]);
    else if (image[i] >= 1) image[i] = 1 + sigma * Math.abs(draws[i]);
  }
}
