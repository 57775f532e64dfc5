/** Float32 value of each byte: byte / 127.5 - 1, rounded once. */
const levels = Float32Array.from({ length: 256 }, (_, byte) => byte / 127.5 - 1);

/**
 * Maps bytes to [-1, 1]: byte / 127.5 - 1.
 *
 * @param bytes - pixels
 * @param out - receives `bytes.length` values; made when left out
 * @returns `out`
 */
export function fromBytes(bytes: Uint8Array, out: Float32Array = new Float32Array(bytes.length)): Float32Array {
  for (let i = 0; i < bytes.length; i += 1) out[i] = levels[bytes[i]];
  return out;
}

/**
 * Maps [-1, 1] to bytes: x * 127.5 + 128, clipped to [0, 255], truncated. The inverse of {@link fromBytes} on its range.
 *
 * @param images - values, those outside [-1, 1] are clipped; NaN becomes 0
 * @returns as many bytes
 * @remarks Computed in float32, as the reference does, so that ties fall alike.
 * @see NVlabs/edm, `generate.py`
 */
export function toBytes(images: Float32Array): Uint8Array {
  const bytes = new Uint8Array(images.length);
  for (let i = 0; i < images.length; i += 1) {
    const level = Math.fround(Math.fround(images[i] * 127.5) + 128);
    bytes[i] = Math.min(255, Math.max(0, level));
  }
  return bytes;
}
