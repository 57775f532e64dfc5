import { doubled, doubledSpan, halve, placesFor } from './doubled-grid';
import type { AffineMap } from './inverse-matrix';

/**
 * Resamples one image through an affine map with little aliasing: the image, continued by reflection, on a doubled grid
 * (sym6), bilinear interpolation on a doubled output grid, and sym6 back down.
 *
 * @param pixels - H * W * C values, row-major, channels last
 * @param shape - `[H, W, C]`
 * @param map - from places of the result to places of the image, in pixels from the centre
 * @returns as many values; they may overshoot the range of the image a little, like any sharp filter's
 * @remarks An image is continued by at most its own size less one pixel on each side; beyond is 0, mid-grey. The reference
 *   continues all images of a batch by what the corners of the most displaced one need. Here every image has what its own
 *   result reads, which is what it has in the reference when the batch's margins are wide enough. Alone in its batch an image
 *   gets margins there that are a little short when it shrinks: 1e-6 of the result at w = -2, 2e-4 at w = -3.
 * @see Karras et al. 2020, "Training generative adversarial networks with limited data", App. B; NVlabs/edm
 *   `training/augment.py`
 */
export function resample(pixels: Float32Array, shape: readonly [number, number, number], map: AffineMap): Float64Array {
  const [height, width, channels] = shape;
  const [a, b, c, d, e, f] = map;
  const columns = placesFor(width);
  const rows = placesFor(height);
  // Places (i, j) of the doubled result, from its centre, moved by half a place: the first of two places is the pixel's own.
  const u = Float64Array.from({ length: columns }, (_, i) => i - columns / 2 + 1);
  const v = Float64Array.from({ length: rows }, (_, j) => j - rows / 2 + 1);
  const x0 = 2 * c + width - 1;
  const y0 = 2 * f + height - 1;

  const x = doubledSpan(extent(a, b, x0, { u, v }), width);
  const y = doubledSpan(extent(d, e, y0, { u, v }), height);
  const source = doubled(pixels, shape, { x, y });
  const stride = x.count * channels;
  const result = new Float64Array(rows * columns * channels);
  for (let j = 0, to = 0; j < rows; j += 1) {
    for (let i = 0; i < columns; i += 1, to += channels) {
      const atX = a * u[i] + b * v[j] + x0 - x.first;
      const atY = d * u[i] + e * v[j] + y0 - y.first;
      const left = Math.floor(atX);
      const top = Math.floor(atY);
      const right = atX - left;
      const down = atY - top;
      if (left >= 0 && left + 1 < x.count && top >= 0 && top + 1 < y.count) {
        const from = top * stride + left * channels;
        for (let channel = 0; channel < channels; channel += 1) {
          const at = from + channel;
          const above = source[at] + right * (source[at + channels] - source[at]);
          const below = source[at + stride] + right * (source[at + stride + channels] - source[at + stride]);
          result[to + channel] = above + down * (below - above);
        }
      } else {
        // Along the edge some of the four places are 0.
        for (let corner = 0; corner < 4; corner += 1) {
          const column = left + (corner & 1);
          const row = top + (corner >> 1);
          if (column < 0 || column >= x.count || row < 0 || row >= y.count) continue;
          const weight = ((corner & 1) === 1 ? right : 1 - right) * (corner > 1 ? down : 1 - down);
          const from = row * stride + column * channels;
          for (let channel = 0; channel < channels; channel += 1)
            result[to + channel] += weight * source[from + channel];
        }
      }
    }
  }
  return halve(result, shape);
}

/** Smallest and largest value of p u + q v + offset. */
function extent(
  p: number,
  q: number,
  offset: number,
  { u, v }: { readonly u: Float64Array; readonly v: Float64Array },
): readonly [number, number] {
  const ends = [u[0], u[u.length - 1]].flatMap((s) => [v[0], v[v.length - 1]].map((t) => p * s + q * t + offset));
  return [Math.min(...ends), Math.max(...ends)];
}
