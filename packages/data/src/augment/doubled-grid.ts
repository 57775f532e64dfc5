/** Symlet of order 6, the low-pass filter of an orthogonal pair: up and down again is the identity. */
const sym6 = Float64Array.of(
  0.015404109327027373,
  0.0034907120842174702,
  -0.11799011114819057,
  -0.048311742585633,
  0.4910559419267466,
  0.787641141030194,
  0.3379294217276218,
  -0.07263752278646252,
  -0.021060292512300564,
  0.04472490177066578,
  0.0017677118642428036,
  -0.007800708325034148,
);
const taps = sym6.length;

/** Pixels that the filter reaches to either side: a place meets every other tap, and so as many pixels as half of them. */
const reach = taps / 4;

/** Places of one axis of the doubled grid, of which 0 and 1 belong to pixel 0 of the image. */
export interface DoubledSpan {
  readonly first: number;
  /** How many; 0 where the image is not met at all. */
  readonly count: number;
}

/**
 * The places that interpolation between two of them reads, as far as an image of `size` pixels is continued: by reflection, to
 * either side by its own size less one.
 */
export function doubledSpan([from, to]: readonly [number, number], size: number): DoubledSpan {
  const first = Math.max(Math.floor(from), 2 * (1 - size));
  const last = Math.min(Math.floor(to) + 1, 2 * (2 * size - 2) + 1);
  return { first, count: Math.max(0, last - first + 1) };
}

/** Places of the doubled result along one axis that {@link halve} makes `size` pixels from. */
export const placesFor = (size: number): number => 2 * (size - 1) + taps;

/**
 * The image, continued by reflection, on a grid of twice the rows and columns.
 *
 * @param pixels - H * W * C values, row-major, channels last
 * @param shape - `[H, W, C]`
 * @param spans - which places to make
 * @returns `[y.count, x.count, C]`, half as bright: {@link halve} gives the rest back
 */
export function doubled(
  pixels: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  { x, y }: { readonly x: DoubledSpan; readonly y: DoubledSpan },
): Float64Array {
  const columns = sourcePixels(x, width);
  const rows = sourcePixels(y, height);
  const stride = x.count * channels;
  const wide = new Float64Array(rows.length * stride);
  const line = new Float64Array(columns.length * channels);
  rows.forEach((row, i) => {
    if (row < 0) return;
    columns.forEach((column, j) => {
      if (column < 0) return;
      const from = (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel += 1) line[j * channels + channel] = pixels[from + channel];
    });
    doubleLine(line, wide, { span: x, stride: channels, from: 0, to: i * stride });
  });
  const out = new Float64Array(y.count * stride);
  doubleLine(wide, out, { span: y, stride, from: 0, to: 0 });
  return out;
}

/** Index of each pixel that the places are made from, beginning `reach` before the first one's own; -1 where there is none. */
function sourcePixels({ first, count }: DoubledSpan, size: number): Int32Array {
  const start = Math.floor(first / 2) - reach;
  const length = count === 0 ? 0 : Math.floor((first + count - 1) / 2) + reach + 1 - start;
  return Int32Array.from({ length }, (_, i) => {
    const place = Math.abs(start + i);
    const reflected = place < size ? place : 2 * (size - 1) - place;
    return start + i <= -size || reflected < 0 ? -1 : reflected;
  });
}

/** Fills the places of a span, `stride` values each, from pixels of as many values. */
function doubleLine(
  image: Float64Array,
  out: Float64Array,
  { span, stride, from, to }: { readonly span: DoubledSpan; readonly stride: number; readonly from: number; readonly to: number }, // prettier-ignore
): void {
  const start = Math.floor(span.first / 2) - reach;
  for (let i = 0; i < span.count; i += 1) {
    const place = span.first + i;
    const odd = place & 1;
    // Even places take the odd taps and begin 3 pixels before their own, odd ones the even taps and begin 2 before.
    const pixel = from + ((place - odd) / 2 - reach + odd - start) * stride;
    const [a, b, c, d, e, f] = odd === 1 ? evenTaps : oddTaps;
    for (let j = 0; j < stride; j += 1) {
      const at = pixel + j;
      out[to + i * stride + j] =
        a * image[at] +
        b * image[at + stride] +
        c * image[at + 2 * stride] +
        d * image[at + 3 * stride] +
        e * image[at + 4 * stride] +
        f * image[at + 5 * stride];
    }
  }
}

/** Taps by the pixels they meet, from the leftmost: the filter runs backwards. */
const evenTaps = sym6.filter((_, tap) => tap % 2 === 0).reverse();
const oddTaps = sym6.filter((_, tap) => tap % 2 === 1).reverse();

/**
 * The doubled result, filtered and thinned out.
 *
 * @param image - `[placesFor(H), placesFor(W), C]`
 * @param shape - `[H, W, C]`
 * @returns `[H, W, C]`
 */
export function halve(image: Float64Array, [height, width, channels]: readonly [number, number, number]): Float64Array {
  const rows = placesFor(height);
  const stride = width * channels;
  const narrow = new Float64Array(rows * stride);
  for (let row = 0; row < rows; row += 1) {
    const start = row * placesFor(width) * channels;
    for (let i = 0; i < stride; i += 1) {
      const channel = i % channels;
      let at = start + 2 * (i - channel) + channel;
      let sum = 0;
      for (let tap = 0; tap < taps; tap += 1, at += channels) sum += sym6[tap] * image[at];
      narrow[row * stride + i] = sum;
    }
  }
  const out = new Float64Array(height * stride);
  for (let row = 0; row < height; row += 1) {
    for (let tap = 0; tap < taps; tap += 1) {
      const from = (2 * row + tap) * stride;
      const weight = sym6[tap];
      for (let i = 0; i < stride; i += 1) out[row * stride + i] += weight * narrow[from + i];
    }
  }
  return out;
}
