import { hostTensor, randomStream, type HostTensor } from '@onestep/tensor';

/** Which images to draw noise for. */
export interface NoiseOptions {
  /** Integer in [0, 2^53). */
  readonly seed: number;
  /** Number of each image; its noise is a function of (seed, number) alone. */
  readonly indices: readonly number[];
  /** Shape of one image, `[H, W, C]`. */
  readonly shape: readonly number[];
}

/**
 * The noise that sampling starts from: sigmaMax z, z ~ N(0, I), one random stream per image.
 *
 * @param options - seed, image numbers, image shape, and `sigmaMax`, the first noise level
 * @returns `[B, H, W, C]` float32; image i has the same noise in whatever batch it is drawn
 */
export function initialNoise({ sigmaMax, ...options }: NoiseOptions & { readonly sigmaMax: number }): HostTensor {
  const noise = unitNoise(options, 'sample.noise');
  for (let i = 0; i < noise.data.length; i += 1) noise.data[i] *= sigmaMax;
  return noise;
}

/**
 * The unit Gaussian draw of one sampler step, one random stream per step and image.
 *
 * @param options - seed, image numbers, image shape, and `step`, the `k` a sampler asks for
 * @returns `[B, H, W, C]` float32, independent of {@link initialNoise} and of every other step
 */
export function stepNoise({ step, ...options }: NoiseOptions & { readonly step: number }): HostTensor {
  return unitNoise(options, `sample.noise.step${step}`);
}

function unitNoise({ seed, indices, shape }: NoiseOptions, purpose: string): HostTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = new Float32Array(indices.length * size);
  indices.forEach((index, i) => data.set(randomStream(seed, purpose, index).normal(size), i * size));
  return hostTensor(data, [indices.length, ...shape]);
}
