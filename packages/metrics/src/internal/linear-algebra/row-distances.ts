import type { Rows } from './row-products';

/** Numbers of a row that are compared at once: eight such stretches fit the first cache. */
const stretch = 512;

/**
 * Squared Euclidean distances of all rows of one matrix from all rows of another, from the differences themselves: equal
 * rows are at distance 0 exactly, which |a|^2 + |b|^2 - 2 a.b does not give.
 *
 * Every distance is summed in the same order wherever its rows stand, and d(a, b) has the bits of d(b, a).
 *
 * @param out - `[a.count, b.count]` row by row, filled and returned
 */
export function rowDistances(a: Rows, b: Rows, out: Float64Array): Float64Array {
  out.fill(0, 0, a.count * b.count);
  for (let i = 0; i < a.count; i += 4) {
    for (let start = 0; start < a.width; start += stretch) {
      const end = Math.min(start + stretch, a.width);
      let j = 0;
      if (i + 4 <= a.count) for (; j + 2 <= b.count; j += 2) addTile(a, i, b, j, start, end, out);
      for (; j < b.count; j += 1) addColumn(a, i, Math.min(i + 4, a.count), b, j, start, end, out);
    }
  }
  return out;
}

function addTile(a: Rows, i: number, b: Rows, j: number, from: number, end: number, out: Float64Array): void {
  const x = a.data;
  const y = b.data;
  const a0 = i * a.width;
  const a1 = a0 + a.width;
  const a2 = a1 + a.width;
  const a3 = a2 + a.width;
  const b0 = j * b.width;
  const b1 = b0 + b.width;
  let [s00, s01, s10, s11, s20, s21, s30, s31] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let k = from; k < end; k += 1) {
    const y0 = y[b0 + k];
    const y1 = y[b1 + k];
    const x0 = x[a0 + k];
    const x1 = x[a1 + k];
    const x2 = x[a2 + k];
    const x3 = x[a3 + k];
    s00 += (x0 - y0) * (x0 - y0);
    s01 += (x0 - y1) * (x0 - y1);
    s10 += (x1 - y0) * (x1 - y0);
    s11 += (x1 - y1) * (x1 - y1);
    s20 += (x2 - y0) * (x2 - y0);
    s21 += (x2 - y1) * (x2 - y1);
    s30 += (x3 - y0) * (x3 - y0);
    s31 += (x3 - y1) * (x3 - y1);
  }
  const n = b.count;
  const at = i * n + j;
  out[at] += s00;
  out[at + 1] += s01;
  out[at + n] += s10;
  out[at + n + 1] += s11;
  out[at + 2 * n] += s20;
  out[at + 2 * n + 1] += s21;
  out[at + 3 * n] += s30;
  out[at + 3 * n + 1] += s31;
}

/** Rows `i` to `last` of `a` with one row of `b`: what does not fill a tile. */
function addColumn(
  a: Rows,
  i: number,
  last: number,
  b: Rows,
  j: number,
  from: number,
  end: number,
  out: Float64Array,
): void {
  for (let row = i; row < last; row += 1) {
    let sum = 0;
    for (let k = from; k < end; k += 1) {
      const gap = a.data[row * a.width + k] - b.data[j * b.width + k];
      sum += gap * gap;
    }
    out[row * b.count + j] += sum;
  }
}
