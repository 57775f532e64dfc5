/** Factor of a positive semi-definite matrix S: the transpose of `rows` times `rows` is S. */
export interface LowRankFactor {
  readonly rank: number;
  /** `[rank, d]` row by row; row k is zero in the columns `order[0]` to `order[k - 1]`. */
  readonly rows: Float64Array;
  /** All d columns, the pivots first, in the order they were taken. */
  readonly order: Int32Array;
}

/** Pivots taken before the rest of the matrix is brought up to date: enough to make that a product of matrices. */
const panelRows = 32;

/**
 * Factor of a covariance by Cholesky's method with diagonal pivoting, which stops where the rest is rounding: the factor
 * has as many rows as the covariance has rank, N - 1 for N samples in more dimensions.
 *
 * d^3 / 3 multiplications and additions, in panels as LAPACK's `pstrf` has them. After a panel the columns that are left
 * move together, so that every pass runs over consecutive numbers.
 *
 * @param matrix - `[d, d]` symmetric, row by row; the upper triangle is read
 * @param dimension - d
 * @see Higham 2002, Accuracy and Stability of Numerical Algorithms, section 10.3
 */
export function pivotedCholesky(matrix: ArrayLike<number>, dimension: number): LowRankFactor {
  const rows = new Float64Array(dimension * dimension);
  const order: number[] = [];
  let columns = Int32Array.from({ length: dimension }, (_, i) => i);
  let left: Float64Array = Float64Array.from(matrix);
  let diagonal = Float64Array.from(columns, (c) => left[c * dimension + c]);
  const least = diagonal.reduce((most, value) => Math.max(most, value), 0) * dimension * 2 ** -50;
  for (;;) {
    const panel = takePanel(left, diagonal, least);
    panel.pivots.forEach((_, p) => {
      const row = rows.subarray((order.length + p) * dimension);
      columns.forEach((column, c) => {
        row[column] = panel.rows[p * columns.length + c];
      });
    });
    const kept = columns.map((_, c) => c).filter((c) => panel.taken[c] === 0);
    const rest = kept.map((c) => columns[c]);
    for (const pivot of panel.pivots) order.push(columns[pivot]);
    if (panel.pivots.length < panelRows || kept.length === 0) {
      const rank = order.length;
      return { rank, rows: rows.subarray(0, rank * dimension), order: Int32Array.from([...order, ...rest]) };
    }
    left = withoutPanel(left, columns.length, kept, panel.rows);
    diagonal = Float64Array.from(kept, (c) => diagonal[c]);
    columns = rest;
  }
}

interface Panel {
  /** Columns of this panel in the order they were taken; fewer than `panelRows` where the matrix ends. */
  readonly pivots: readonly number[];
  /** 1 for a column that is a pivot. */
  readonly taken: Uint8Array;
  /** `[panelRows, width]`. */
  readonly rows: Float64Array;
}

/** Takes up to `panelRows` pivots; `diagonal` is kept up to date, `matrix` is not. */
function takePanel(matrix: Float64Array, diagonal: Float64Array, least: number): Panel {
  const width = diagonal.length;
  const rows = new Float64Array(panelRows * width);
  const taken = new Uint8Array(width);
  const pivots: number[] = [];
  while (pivots.length < Math.min(panelRows, width)) {
    let pivot = -1;
    for (let c = 0; c < width; c += 1) {
      if (taken[c] === 0 && (pivot < 0 || diagonal[c] > diagonal[pivot])) pivot = c;
    }
    if (!(diagonal[pivot] > least)) break;
    const row = rows.subarray(pivots.length * width, (pivots.length + 1) * width);
    for (let c = 0; c < pivot; c += 1) row[c] = matrix[c * width + pivot];
    for (let c = pivot; c < width; c += 1) row[c] = matrix[pivot * width + c];
    for (let p = 0; p < pivots.length; p += 1) {
      const start = p * width;
      const weight = rows[start + pivot];
      for (let c = 0; c < width; c += 1) row[c] -= weight * rows[start + c];
    }
    const scale = 1 / Math.sqrt(diagonal[pivot]);
    for (let c = 0; c < width; c += 1) {
      // Zero in exact arithmetic at an earlier pivot, and kept so: products rely on the triangle.
      row[c] = taken[c] === 1 ? 0 : row[c] * scale;
      diagonal[c] -= row[c] * row[c];
    }
    taken[pivot] = 1;
    pivots.push(pivot);
  }
  return { pivots, taken, rows };
}

/** The upper triangle of the kept rows and columns, less the products of a full panel's rows. */
function withoutPanel(matrix: Float64Array, width: number, kept: Int32Array, panel: Float64Array): Float64Array {
  const size = kept.length;
  const out = new Float64Array(size * size);
  const narrow = new Float64Array(panelRows * size);
  for (let p = 0; p < panelRows; p += 1) {
    for (let c = 0; c < size; c += 1) narrow[p * size + c] = panel[p * width + kept[c]];
  }
  for (let i = 0; i < size; i += 1) {
    const from = kept[i] * width;
    for (let j = i; j < size; j += 1) out[i * size + j] = matrix[from + kept[j]];
    for (let p = 0; p < panelRows; p += 8) subtractRows(out, i * size, i, size, narrow, p * size);
  }
  return out;
}

/** Subtracts eight rows of a panel, weighted by their numbers in column `first`, from one row of the matrix. */
function subtractRows(
  out: Float64Array,
  target: number,
  first: number,
  size: number,
  panel: Float64Array,
  start: number,
): void {
  const [r0, r1, r2, r3] = [start, start + size, start + 2 * size, start + 3 * size];
  const [r4, r5, r6, r7] = [r0 + 4 * size, r1 + 4 * size, r2 + 4 * size, r3 + 4 * size];
  const [w0, w1, w2, w3] = [panel[r0 + first], panel[r1 + first], panel[r2 + first], panel[r3 + first]];
  const [w4, w5, w6, w7] = [panel[r4 + first], panel[r5 + first], panel[r6 + first], panel[r7 + first]];
  for (let j = first; j < size; j += 1) {
    out[target + j] -=
      w0 * panel[r0 + j] +
      w1 * panel[r1 + j] +
      w2 * panel[r2 + j] +
      w3 * panel[r3 + j] +
      (w4 * panel[r4 + j] + w5 * panel[r5 + j] + w6 * panel[r6 + j] + w7 * panel[r7 + j]);
  }
}
