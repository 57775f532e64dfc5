/** Rows, one after another, in one array. */
export interface Rows {
  readonly count: number;
  /** Numbers per row. */
  readonly width: number;
  readonly data: Float64Array;
}

/** Numbers of a row that are multiplied at once: eight such stretches fit the first cache. */
const stretch = 512;

/** Options of {@link rowProducts}. */
export interface RowProductOptions {
  /** Row i of `a` is zero in its first i numbers; default false. */
  readonly triangular?: boolean | undefined;
  /** Where the results go, `[a.count, b.count]`; default a new array. */
  readonly out?: Float64Array | undefined;
}

/**
 * The products of all rows of one matrix with all rows of another: A B^T.
 *
 * Sixteen sums at a time stay in registers. Every product is summed in the same order wherever its rows stand, so that
 * the order of the rows does not change a bit of it; only a triangle's zeros are left out.
 *
 * @returns `[a.count, b.count]` row by row
 */
export function rowProducts(a: Rows, b: Rows, { triangular = false, out }: RowProductOptions = {}): Float64Array {
  const products = out ?? new Float64Array(a.count * b.count);
  products.fill(0, 0, a.count * b.count);
  for (let i = 0; i < a.count; i += 4) {
    const first = triangular ? i - (i % stretch) : 0;
    for (let start = first; start < a.width; start += stretch) {
      const end = Math.min(start + stretch, a.width);
      const from = triangular ? Math.max(start, i) : start;
      let j = 0;
      if (i + 4 <= a.count) for (; j + 4 <= b.count; j += 4) addTile(a, i, b, j, from, end, products);
      for (; j < b.count; j += 1) addColumn(a, i, Math.min(i + 4, a.count), b, j, from, end, products);
    }
  }
  return products;
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
  const b2 = b1 + b.width;
  const b3 = b2 + b.width;
  let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [s20, s21, s22, s23, s30, s31, s32, s33] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let k = from; k < end; k += 1) {
    const x0 = x[a0 + k];
    const x1 = x[a1 + k];
    const x2 = x[a2 + k];
    const x3 = x[a3 + k];
    const y0 = y[b0 + k];
    const y1 = y[b1 + k];
    const y2 = y[b2 + k];
    const y3 = y[b3 + k];
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
    s23 += x2 * y3;
    s30 += x3 * y0;
    s31 += x3 * y1;
    s32 += x3 * y2;
    s33 += x3 * y3;
  }
  const n = b.count;
  let at = i * n + j;
  out[at] += s00;
  out[at + 1] += s01;
  out[at + 2] += s02;
  out[at + 3] += s03;
  at += n;
  out[at] += s10;
  out[at + 1] += s11;
  out[at + 2] += s12;
  out[at + 3] += s13;
  at += n;
  out[at] += s20;
  out[at + 1] += s21;
  out[at + 2] += s22;
  out[at + 3] += s23;
  at += n;
  out[at] += s30;
  out[at + 1] += s31;
  out[at + 2] += s32;
  out[at + 3] += s33;
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
    const start = row * a.width;
    const other = j * b.width;
    let sum = 0;
    for (let k = from; k < end; k += 1) sum += a.data[start + k] * b.data[other + k];
    out[row * b.count + j] += sum;
  }
}
