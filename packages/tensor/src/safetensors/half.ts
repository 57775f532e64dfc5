/** Values of IEEE 754 half-precision words. */
export function halfToFloat32(words: Uint16Array): Float32Array {
  const values = new Float32Array(words.length);
  for (let i = 0; i < words.length; i += 1) {
    const sign = (words[i] & 0x8000) === 0 ? 1 : -1;
    const exponent = (words[i] >>> 10) & 0x1f;
    const fraction = words[i] & 0x3ff;
    if (exponent === 0) values[i] = sign * fraction * 2 ** -24;
    else if (exponent < 31) values[i] = sign * (0x400 + fraction) * 2 ** (exponent - 25);
    else values[i] = fraction === 0 ? sign * Infinity : NaN;
  }
  return values;
}

/** Values of bfloat16 words: the upper halves of float32 words. */
export function bfloat16ToFloat32(words: Uint16Array): Float32Array {
  const bits = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i += 1) bits[i] = words[i] << 16;
  return new Float32Array(bits.buffer);
}
