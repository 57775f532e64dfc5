/** An upper bidiagonal matrix. */
export interface Bidiagonal {
  readonly diagonal: Float64Array;
  /** Above the diagonal, one shorter. */
  readonly above: Float64Array;
}

/**
 * Reduces a matrix to an upper bidiagonal one with the same singular values, by Householder reflections from both sides
 * in turn (Golub & Kahan).
 *
 * (4 n^2 (m - n / 3)) multiplications and additions. Applying both reflections of a step and the first product of the
 * next share one pass over the matrix, whose rows go through the processor four at a time: memory is read twice per
 * step instead of four times.
 *
 * @param matrix - `[m, n]` row by row with m >= n; overwritten
 * @see Golub & Van Loan, Matrix Computations, algorithm 5.4.2; Howell et al. 2008 for fused passes
 */
export function bidiagonalise(matrix: Float64Array, m: number, n: number): Bidiagonal {
  const diagonal = new Float64Array(n);
  const above = new Float64Array(Math.max(0, n - 1));
  // Pending: matrix -= left right^T + across turned^T, of the step before.
  const left = new Float64Array(m);
  const right = new Float64Array(n);
  const across = new Float64Array(m);
  const turned = new Float64Array(n);
  const reflector = new Float64Array(m);
  const products = new Float64Array(n);
  for (let k = 0; k < n; k += 1) {
    for (let i = k; i < m; i += 1) {
      const value = matrix[i * n + k] - left[i] * right[k] - across[i] * turned[k];
      matrix[i * n + k] = value;
      reflector[i] = value;
    }
    const down = reflect(reflector, k, m);
    diagonal[k] = down.value;
    if (k === n - 1) break;
    products.fill(0);
    updateAndMultiply(matrix, n, k, m, { left, right, across, turned }, reflector, products);
    for (let j = k + 1; j < n; j += 1) {
      products[j] *= down.factor;
      turned[j] = matrix[k * n + j] - products[j];
    }
    const along = reflect(turned, k + 1, n);
    above[k] = along.value;
    let overlap = 0;
    for (let j = k + 1; j < n; j += 1) overlap += products[j] * turned[j];
    multiply(matrix, n, k + 1, m, turned, across);
    for (let i = k + 1; i < m; i += 1) across[i] = along.factor * (across[i] - reflector[i] * overlap);
    left.set(reflector);
    right.set(products);
  }
  return { diagonal, above };
}

/**
 * Turns x into the v of I - factor v v^T, which maps x to a multiple of its first unit vector: `value`.
 */
function reflect(x: Float64Array, from: number, to: number): { readonly value: number; readonly factor: number } {
  let squares = 0;
  for (let i = from + 1; i < to; i += 1) squares += x[i] * x[i];
  const first = x[from];
  x[from] = 1;
  if (squares === 0) return { value: first, factor: 0 };
  const norm = Math.sqrt(first * first + squares);
  const value = first > 0 ? -norm : norm;
  const scale = 1 / (first - value);
  for (let i = from + 1; i < to; i += 1) x[i] *= scale;
  return { value, factor: (value - first) / value };
}

interface Pending {
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly across: Float64Array;
  readonly turned: Float64Array;
}

/** matrix -= left right^T + across turned^T, and products = matrix^T v, right of column k and from row k on. */
function updateAndMultiply(
  matrix: Float64Array,
  n: number,
  k: number,
  m: number,
  { left, right, across, turned }: Pending,
  v: Float64Array,
  products: Float64Array,
): void {
  let i = k;
  for (; i + 4 <= m; i += 4) {
    const [l0, l1, l2, l3] = [left[i], left[i + 1], left[i + 2], left[i + 3]];
    const [c0, c1, c2, c3] = [across[i], across[i + 1], across[i + 2], across[i + 3]];
    const [v0, v1, v2, v3] = [v[i], v[i + 1], v[i + 2], v[i + 3]];
    const row0 = i * n;
    const row1 = row0 + n;
    const row2 = row1 + n;
    const row3 = row2 + n;
    for (let j = k + 1; j < n; j += 1) {
      const r = right[j];
      const t = turned[j];
      const x0 = matrix[row0 + j] - l0 * r - c0 * t;
      const x1 = matrix[row1 + j] - l1 * r - c1 * t;
      const x2 = matrix[row2 + j] - l2 * r - c2 * t;
      const x3 = matrix[row3 + j] - l3 * r - c3 * t;
      matrix[row0 + j] = x0;
      matrix[row1 + j] = x1;
      matrix[row2 + j] = x2;
      matrix[row3 + j] = x3;
      products[j] += v0 * x0 + v1 * x1 + v2 * x2 + v3 * x3;
    }
  }
  for (; i < m; i += 1) {
    for (let j = k + 1; j < n; j += 1) {
      const x = matrix[i * n + j] - left[i] * right[j] - across[i] * turned[j];
      matrix[i * n + j] = x;
      products[j] += v[i] * x;
    }
  }
}

/** out = matrix v for rows and columns from k on. */
function multiply(matrix: Float64Array, n: number, k: number, m: number, v: Float64Array, out: Float64Array): void {
  let i = k;
  for (; i + 4 <= m; i += 4) {
    const row0 = i * n;
    const row1 = row0 + n;
    const row2 = row1 + n;
    const row3 = row2 + n;
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let j = k; j < n; j += 1) {
      const x = v[j];
      s0 += matrix[row0 + j] * x;
      s1 += matrix[row1 + j] * x;
      s2 += matrix[row2 + j] * x;
      s3 += matrix[row3 + j] * x;
    }
    out[i] = s0;
    out[i + 1] = s1;
    out[i + 2] = s2;
    out[i + 3] = s3;
  }
  for (; i < m; i += 1) {
    let sum = 0;
    for (let j = k; j < n; j += 1) sum += matrix[i * n + j] * v[j];
    out[i] = sum;
  }
}
