import { tensorSpace } from '@onestep/core';
import { hostTensor, toHost, toTensor, type HostTensor } from '@onestep/tensor';
import { initialNoise } from '../images/noise';
import { checkImages, rowsOf, type Rows } from '../internal/host-rows';
import { countCalls } from '../models/count-calls';
import { fromDenoiser } from '../models/from-denoiser';
import { guided } from '../models/guided';
import { editImages, type EditedImages, type EditImagesOptions } from './edit-images';
import { conditionOf } from './edit-plan';
import { invert } from './invert';
import { editingSigmas } from './presets';
import { slerp } from './slerp';

/** Options of {@link interpolateLatents}. */
export interface InterpolationOptions {
  /** Images, both ends among them, integer >= 2. */
  readonly count: number;
}

/** Options of {@link interpolateImages}. */
export interface ImageInterpolationOptions extends InterpolationOptions {
  /**
   * How an image becomes a latent: `noise` (default) adds noise of std `sigmas[0]`, which leaves its details to the model;
   * `invert` solves the PF ODE upwards, so that both ends come back; it needs a denoiser.
   */
  readonly encode?: 'noise' | 'invert' | undefined;
}

/**
 * Walks from one noise to another on the sphere, and maps every point to an image.
 *
 * @param latents - `[2, H, W, C]` at level `sigmas[0]`, for example of `initialNoise`
 * @param options - `count`, the model, and those of every edit; `sigmas` by default from sigmaMax; every image has the
 * same noise between levels
 * @returns `[count, H, W, C]`, the images of both latents first and last
 * @throws RangeError if there are not two latents or `count` is no integer >= 2
 * @see Song et al. 2023, appendix D
 */
export async function interpolateLatents(
  latents: HostTensor,
  options: EditImagesOptions & InterpolationOptions,
): Promise<EditedImages> {
  const [from, to] = twoOf('interpolateLatents', latents);
  if (options.label === 'guess') {
    throw new TypeError('interpolateLatents: noise has no class to guess. Pass label: (row) => class.');
  }
  const { sigmaMin, sigmaMax, consistencyFunction } = options;
  const kind = consistencyFunction === undefined ? 'denoiser' : 'consistency';
  const sigmas = options.sigmas ?? editingSigmas('interpolate', kind, { sigmaMin, sigmaMax, strength: 1 });
  return between(latents, (alpha) => slerp(from, to, alpha), { ...options, sigmas });
}

/**
 * Walks from one image to another through their latents.
 *
 * With `encode: 'noise'` point alpha is (1 - alpha) a + alpha b + sigmas[0] slerp(z_a, z_b, alpha): at every alpha a mixture
 * under noise of exactly that level, as the model expects it.
 *
 * @param images - `[2, H, W, C]` in [-1, 1]
 * @param options - `count`, `encode`, the model, and those of every edit
 * @returns `[count, H, W, C]`
 * @throws RangeError as {@link interpolateLatents}; TypeError for `encode: 'invert'` without a denoiser
 * @see Ho et al. 2020, section 4.3; Song et al. 2021 (DDIM), section 5.3
 */
export async function interpolateImages(
  images: HostTensor,
  asked: EditImagesOptions & ImageInterpolationOptions,
): Promise<EditedImages> {
  const [from, to] = twoOf('interpolateImages', images);
  checkCount(asked.count);
  const options = asked.label === 'guess' ? { ...asked, label: await labelOfNearerEnd(images, asked) } : asked;
  const { sigmaMin, sigmaMax, seed = 0, encode = 'noise', denoiser, consistencyFunction } = options;
  const kind = consistencyFunction === undefined ? 'denoiser' : 'consistency';
  if (encode === 'invert') {
    if (denoiser === undefined) {
      throw new TypeError(
        "interpolateImages: a consistency function cannot be inverted. Pass a denoiser, or encode: 'noise'.",
      );
    }
    const sigmas = options.sigmas ?? editingSigmas('interpolate', 'denoiser', { sigmaMin, sigmaMax, strength: 1 });
    const { latents, nfe } = await latentsOf(images, { ...options, denoiser, sigmas });
    const walked = await interpolateLatents(latents, { ...options, sigmas });
    return { ...walked, known: mixtures(images, options.count), nfe: walked.nfe + nfe };
  }
  const sigmas = options.sigmas ?? editingSigmas('interpolate', kind, { sigmaMin, sigmaMax });
  const noise = initialNoise({ seed, indices: [0, 1], shape: images.shape.slice(1), sigmaMax: sigmas[0] });
  const [noiseFrom, noiseTo] = twoOf('interpolateImages', noise);
  const pointAt = (alpha: number): Float32Array =>
    slerp(noiseFrom, noiseTo, alpha).map((value, i) => value + (1 - alpha) * from[i] + alpha * to[i]);
  return between(images, pointAt, { ...options, sigmas });
}

/** Guesses the classes of both ends; each image of the walk has that of the nearer one. */
async function labelOfNearerEnd(
  images: HostTensor,
  options: EditImagesOptions & ImageInterpolationOptions,
): Promise<(row: number) => number | undefined> {
  const { labels } = await editImages({ task: 'interpolate', guide: images }, { ...options, indices: [0, 1] });
  return (row) => labels[2 * row < options.count - 1 ? 0 : 1];
}

/** Maps the points of a walk to images. */
function between(
  ends: HostTensor,
  pointAt: (alpha: number) => Float32Array,
  options: EditImagesOptions & InterpolationOptions,
): Promise<EditedImages> {
  const { count } = options;
  const guide = mixtures(ends, count);
  const start = ({ first, count: rows }: Rows): HostTensor => {
    const points = Array.from({ length: rows }, (_, i) => pointAt((first + i) / (count - 1)));
    return hostTensor(Float32Array.from(points.flatMap((point) => [...point])), [rows, ...ends.shape.slice(1)]);
  };
  // The same noise between levels for all: neighbours then differ by where they start alone.
  const indices = options.indices ?? new Array<number>(count).fill(0);
  return editImages({ task: 'interpolate', guide, start }, { ...options, indices });
}

/** What cross-fading gives: `count` mixtures of the two ends. */
function mixtures(ends: HostTensor, count: number): HostTensor {
  checkCount(count);
  const size = ends.data.length / 2;
  const data = Float32Array.from({ length: count * size }, (_, i) => {
    const alpha = Math.floor(i / size) / (count - 1);
    return (1 - alpha) * ends.data[i % size] + alpha * ends.data[size + (i % size)];
  });
  return hostTensor(data, [count, ...ends.shape.slice(1)]);
}

function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(`interpolate: count must be an integer >= 2, got ${count}.`);
  }
}

/** The noises of two images, at level `sigmas[0]`. */
async function latentsOf(
  images: HostTensor,
  options: EditImagesOptions & InterpolationOptions & { readonly sigmas: readonly number[] },
): Promise<{ readonly latents: HostTensor; readonly nfe: number }> {
  const { denoiser, sigmas, guidanceScale = 1, label, count } = options;
  if (denoiser === undefined) throw new TypeError('interpolateImages: inversion needs a denoiser.');
  const counted = countCalls(denoiser);
  const labels = label === undefined || label === 'guess' ? [undefined, undefined] : [label(0), label(count - 1)];
  const condition = conditionOf(labels, options);
  const x = toTensor(images);
  try {
    const model = fromDenoiser(guided(counted.call, guidanceScale), condition);
    const levels = sigmas.filter((sigma) => sigma > 0);
    const inverted = await invert(model, x, { space: tensorSpace, sigmas: levels });
    try {
      return { latents: await toHost(inverted), nfe: counted.calls() };
    } finally {
      inverted.dispose();
    }
  } finally {
    x.dispose();
    condition?.labels?.dispose();
  }
}

/** Both ends as arrays. */
function twoOf(where: string, images: HostTensor): readonly [Float32Array, Float32Array] {
  checkImages(where, images);
  if (images.shape[0] !== 2) throw new RangeError(`${where}: expected two images, got ${images.shape[0]}.`);
  const one = (first: number): Float32Array => Float32Array.from(rowsOf(images, { first, count: 1 }).data);
  return [one(0), one(1)];
}
