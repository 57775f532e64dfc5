import { hostTensor, randomStream, type HostTensor, type RandomStream } from '@onestep/tensor';
import type { DrawRequest } from './objective';

/**
 * Unit Gaussian noise `[B, ...shape]`; image k of the run gets stream k of the purpose.
 *
 * @param purpose - default `train.noise`; another one for noise that must be independent of it
 */
export function drawNoise({ seed, imagesSeen, batchSize, shape }: DrawRequest, purpose = 'train.noise'): HostTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = new Float32Array(batchSize * size);
  for (let i = 0; i < batchSize; i += 1) {
    data.set(randomStream(seed, purpose, imagesSeen + i).normal(size), i * size);
  }
  return hostTensor(data, [batchSize, ...shape]);
}

/**
 * One number per image from stream k of a purpose, in double precision.
 *
 * @param purpose - name of the streams, for example `train.sigma`
 * @param draw - takes the number out of the image's stream
 */
export function drawPerImage(
  { seed, imagesSeen, batchSize }: Pick<DrawRequest, 'seed' | 'imagesSeen' | 'batchSize'>,
  purpose: string,
  draw: (stream: RandomStream) => number,
): Float64Array {
  return Float64Array.from({ length: batchSize }, (_, i) => draw(randomStream(seed, purpose, imagesSeen + i)));
}

/** Rounds one number per image to a float32 vector `[B]`. */
export function perImageTensor(values: Float64Array): HostTensor {
  return hostTensor(Float32Array.from(values));
}

/**
 * Draws sigma from the lognormal law exp(pMean + pStd n), n standard normal.
 *
 * @see Karras et al. 2022, Table 1
 */
export function drawLognormalSigma(request: DrawRequest, pMean: number, pStd: number): Float64Array {
  return drawPerImage(request, 'train.sigma', (stream) => Math.exp(pMean + pStd * stream.normal(1)[0]));
}

/** Index in [0, count) per image, uniform. */
export function drawIndex(request: DrawRequest, count: number): Float64Array {
  return drawPerImage(request, 'train.index', (stream) => stream.integers(1, count)[0]);
}

/**
 * Dropout masks of one step: 0 with probability `rate`, else 1 / (1 - rate); image k of the run gets stream k of the
 * purpose `train.dropout.SITE`.
 *
 * @param sites - mask shapes by site, the batch first (`Network.dropoutSites`)
 * @param rate - share of units dropped, [0, 1)
 */
export function drawDropout(
  request: Pick<DrawRequest, 'seed' | 'imagesSeen' | 'batchSize'>,
  sites: Readonly<Record<string, readonly number[]>>,
  rate: number,
): Record<string, HostTensor> {
  const masks: Record<string, HostTensor> = {};
  const kept = 1 / (1 - rate);
  for (const [site, shape] of Object.entries(sites)) {
    const size = shape.slice(1).reduce((product, length) => product * length, 1);
    const data = new Float32Array(request.batchSize * size);
    for (let i = 0; i < request.batchSize; i += 1) {
      const units = randomStream(request.seed, `train.dropout.${site}`, request.imagesSeen + i).uniform(size);
      for (let j = 0; j < size; j += 1) data[i * size + j] = units[j] < rate ? 0 : kept;
    }
    masks[site] = hostTensor(data, shape);
  }
  return masks;
}
