/**
 * Solves a small symmetric, possibly indefinite system by Gaussian elimination with partial pivoting, refined once, in
 * double precision.
 *
 * @param matrix - rows, `[n][n]`; not changed
 * @param right - `[n]`
 * @throws {@link RangeError} if a pivot is zero: the system has no single solution
 */
export function solveSymmetric(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const first = eliminate(matrix, right);
  // What rounding left over, solved for again: profiles that are nearly alike make the system ill-conditioned.
  const left = matrix.map((row, i) => right[i] - row.reduce((sum, value, j) => sum + value * first[j], 0));
  const correction = eliminate(matrix, left);
  return first.map((value, i) => value + correction[i]);
}

function eliminate(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]]);
  for (let k = 0; k < n; k += 1) {
    let pivot = k;
    for (let i = k + 1; i < n; i += 1) if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i;
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    if (rows[k][k] === 0) throw new RangeError('solveSymmetric: the system is singular.');
    for (let i = k + 1; i < n; i += 1) {
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j <= n; j += 1) rows[i][j] -= factor * rows[k][j];
    }
  }
  const solution = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i -= 1) {
    let value = rows[i][n];
    for (let j = i + 1; j < n; j += 1) value -= rows[i][j] * solution[j];
    solution[i] = value / rows[i][i];
  }
  return solution;
}
