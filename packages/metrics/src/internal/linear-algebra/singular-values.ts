import { bidiagonalise } from './bidiagonalise';
import { tridiagonalEigenvalues } from './tridiagonal-eigenvalues';

/**
 * Sum of the singular values of a matrix, its nuclear norm.
 *
 * The bidiagonal form B is the tridiagonal matrix with zero diagonal and the numbers of B beside it, in turn from the
 * diagonal and from above; its eigenvalues are plus and minus the singular values. No product B^T B is formed, so
 * small singular values keep the absolute accuracy of the large ones.
 *
 * @param matrix - `[m, n]` row by row with m >= n; overwritten
 * @see Golub & Kahan 1965
 */
export function sumOfSingularValues(matrix: Float64Array, m: number, n: number): number {
  const { diagonal, above } = bidiagonalise(matrix, m, n);
  const beside = new Float64Array(2 * n - 1);
  for (let i = 0; i < n; i += 1) {
    beside[2 * i] = diagonal[i];
    if (i < n - 1) beside[2 * i + 1] = above[i];
  }
  let sum = 0;
  for (const value of tridiagonalEigenvalues(new Float64Array(2 * n), beside)) sum += Math.abs(value);
  return sum / 2;
}
