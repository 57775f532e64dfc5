/**
 * Largest difference of two sets of 8-bit images where a mask is 0, in levels of 255.
 *
 * @param mask - H * W values
 */
export function knownPixelError(
  bytes: Uint8Array,
  originals: Uint8Array,
  { mask, channels }: { readonly mask: ArrayLike<number>; readonly channels: number },
): number {
  let largest = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    if (mask[Math.floor(i / channels) % mask.length] === 1) continue;
    largest = Math.max(largest, Math.abs(bytes[i] - originals[i]));
  }
  return largest;
}

/** Largest difference of the means of factor x factor blocks of two sets of 8-bit images, in levels of 255. */
export function blockMeanError(
  bytes: Uint8Array,
  originals: Uint8Array,
  { shape, factor }: { readonly shape: readonly number[]; readonly factor: number },
): number {
  const [height, width, channels] = shape;
  const size = height * width * channels;
  let largest = 0;
  for (let image = 0; image < bytes.length / size; image += 1) {
    for (let top = 0; top < height; top += factor) {
      for (let left = 0; left < width; left += factor) {
        for (let channel = 0; channel < channels; channel += 1) {
          let [sum, pixels] = [0, 0];
          for (let y = top; y < Math.min(height, top + factor); y += 1) {
            for (let x = left; x < Math.min(width, left + factor); x += 1) {
              const at = image * size + (y * width + x) * channels + channel;
              sum += bytes[at] - originals[at];
              pixels += 1;
            }
          }
          largest = Math.max(largest, Math.abs(sum) / pixels);
        }
      }
    }
  }
  return largest;
}
