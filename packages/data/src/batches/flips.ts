import type { RandomStream } from '@onestep/tensor';

/**
 * Draws which images of a batch are mirrored: each with probability 1/2.
 *
 * @param stream - for example `randomStream(seed, 'data.flip', batchNumber)`
 * @param batchSize - number of draws
 * @returns `batchSize` values, 0 or 1
 */
export function drawFlips(stream: RandomStream, batchSize: number): Uint8Array {
  return Uint8Array.from(stream.integers(batchSize, 2));
}

/**
 * Mirrors one image left to right, in place; doing it twice changes nothing.
 *
 * @param pixels - H * W * C values, row-major, channels last
 * @param shape - `[H, W, C]`
 */
export function flipHorizontally(
  pixels: Uint8Array | Float32Array,
  [height, width, channels]: readonly [number, number, number],
): void {
  for (let row = 0; row < height; row += 1) {
    for (let left = 0, right = width - 1; left < right; left += 1, right -= 1) {
      const a = (row * width + left) * channels;
      const b = (row * width + right) * channels;
      for (let channel = 0; channel < channels; channel += 1) {
        const value = pixels[a + channel];
        pixels[a + channel] = pixels[b + channel];
        pixels[b + channel] = value;
      }
    }
  }
}

/**
 * Mirrors one image top to bottom, in place; doing it twice changes nothing.
 *
 * @param pixels - H * W * C values, row-major, channels last
 * @param shape - `[H, W, C]`
 */
export function flipVertically(
  pixels: Uint8Array | Float32Array,
  [height, width, channels]: readonly [number, number, number],
): void {
  const stride = width * channels;
  for (let top = 0, bottom = height - 1; top < bottom; top += 1, bottom -= 1) {
    const row = pixels.slice(top * stride, (top + 1) * stride);
    pixels.copyWithin(top * stride, bottom * stride, (bottom + 1) * stride);
    pixels.set(row, bottom * stride);
  }
}
