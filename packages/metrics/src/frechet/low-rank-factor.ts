/** Factor of a positive semi-definite matrix. */
export interface LowRankFactor {
  /** `[rank, d]` row by row; the matrix is its transpose times itself. */
  readonly rows: readonly Float64Array[];
}

/**
 * Factor of a covariance by Cholesky's method with diagonal pivoting, which stops where the rest is rounding: the factor
 * has as many rows as the covariance has rank, N - 1 for N samples in more dimensions.
 *
 * @param matrix - `[d, d]` symmetric, row by row
 * @param dimension - d
 * @see Higham 2002, Accuracy and Stability of Numerical Algorithms, section 10.3
 */
export function lowRankFactor(matrix: ArrayLike<number>, dimension: number): LowRankFactor {
  const rest = Float64Array.from({ length: dimension }, (_, i) => matrix[i * dimension + i]);
  const least = rest.reduce((most, value) => Math.max(most, value), 0) * dimension * 2 ** -50;
  const rows: Float64Array[] = [];
  while (rows.length < dimension) {
    const pivot = rest.reduce((best, value, i) => (value > rest[best] ? i : best), 0);
    if (!(rest[pivot] > least)) break;
    const row = Float64Array.from({ length: dimension }, (_, j) => matrix[pivot * dimension + j]);
    for (const earlier of rows) {
      const weight = earlier[pivot];
      for (let j = 0; j < dimension; j += 1) row[j] -= weight * earlier[j];
    }
    const scale = 1 / Math.sqrt(rest[pivot]);
    for (let j = 0; j < dimension; j += 1) {
      row[j] *= scale;
      rest[j] -= row[j] * row[j];
    }
    // Its entry for an earlier pivot is zero in exact arithmetic.
    rest[pivot] = -Infinity;
    rows.push(row);
  }
  return { rows };
}
