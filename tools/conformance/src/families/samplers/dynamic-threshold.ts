/**
 * Dynamic thresholding in double precision, row by row: clip(x, -s, s) / s with s the larger of 1 and the quantile of |x|.
 * The library has it for tensors alone.
 */
export function thresholdRows(x: Float64Array, length: number, quantile = 0.995): Float64Array {
  const result = Float64Array.from(x);
  for (let start = 0; start < x.length; start += length) {
    const row = result.subarray(start, start + length);
    const sizes = row.map(Math.abs).sort();
    const position = quantile * (length - 1);
    const below = Math.floor(position);
    const lower = sizes[below];
    const upper = sizes[Math.min(below + 1, length - 1)];
    const scale = Math.max(1, lower + (position - below) * (upper - lower));
    row.forEach((value, i) => {
      row[i] = Math.min(scale, Math.max(-scale, value)) / scale;
    });
  }
  return result;
}
