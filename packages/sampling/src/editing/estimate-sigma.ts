import type { HostTensor } from '@onestep/tensor';
import { checkImages } from '../internal/host-rows';

/** Median of |z|, z ~ N(0, 1). */
const medianOfNormal = 0.6744897501960817;
/** Largest factor by which cutting half of the noise shrinks the coefficients' median (1.72 over a flat background). */
const mostShrinkage = 1.75;
/** Share of an image's values at one end of the range from which clipping is taken into account. */
const clippedShare = 0.2;

/**
 * Estimates the std of white Gaussian noise in each image from its finest diagonal Haar coefficients,
 * median |a - b - c + d| / 2 / 0.6745 over all 2 x 2 blocks: edges are few and move a median little.
 *
 * @param images - `[B, H, W, C]` in [-1, 1], H and W >= 2
 * @returns B noise levels, >= 0
 * @remarks Files of 8 bits have cut off the noise that left the range, which would hide up to 43 percent of it over a
 * black or white background. Where a fifth of the values stands at one end, the half of the noise that survived beside
 * them is measured too, and the larger estimate is taken, bounded by 1.75 times the first. Fine texture reads as noise:
 * an estimate, not a measurement. Images whose noise is not white (JPEG, upsampled) need the level told.
 * @see Donoho and Johnstone 1994, section 4
 */
export function estimateSigma(images: HostTensor): number[] {
  checkImages('estimateSigma', images);
  const [count, height, width] = images.shape;
  if (height < 2 || width < 2) {
    throw new RangeError(`estimateSigma: images must be at least 2 x 2, got ${height} x ${width}.`);
  }
  const size = images.data.length / count;
  return Array.from({ length: count }, (_, i) => {
    const image = Float64Array.from(images.data.subarray(i * size, (i + 1) * size));
    const wavelet = median(diagonals(image, images.shape)) / medianOfNormal;
    const besideEnds = Math.max(halfNoise(image.map((value) => value + 1)), halfNoise(image.map((value) => 1 - value)));
    return Math.max(wavelet, Math.min(besideEnds, mostShrinkage * wavelet));
  });
}

/** Absolute diagonal Haar coefficients of every channel. */
function diagonals(image: Float64Array, [, height, width, channels]: readonly number[]): Float64Array {
  const found: number[] = [];
  for (let y = 0; y + 1 < height; y += 2) {
    for (let x = 0; x + 1 < width; x += 2) {
      for (let channel = 0; channel < channels; channel += 1) {
        const at = (y * width + x) * channels + channel;
        const below = at + width * channels;
        found.push(Math.abs(image[at] - image[at + channels] - image[below] + image[below + channels]) / 2);
      }
    }
  }
  return Float64Array.from(found);
}

/**
 * Noise beside a flat region at the end of the range, given each value's distance from that end: half of its noise is
 * cut to 0, so the other half is as many values, and their median is .6745 sigma. 0 where this cannot be.
 */
function halfNoise(distance: Float64Array): number {
  const inside = distance.filter((value) => value > 0).sort();
  const cut = distance.length - inside.length;
  if (cut < clippedShare * distance.length || inside.length < cut) return 0;
  return inside[Math.floor(cut / 2)] / medianOfNormal;
}

function median(values: Float64Array): number {
  const sorted = values.sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
