/** Sweeps per eigenvalue; two or three are usual. */
const maxSweeps = 60;

/**
 * Eigenvalues of a symmetric tridiagonal matrix by implicit QL sweeps with Wilkinson's shift.
 *
 * @param diagonal - `[n]`
 * @param beside - the numbers beside the diagonal, `[n - 1]`
 * @returns the eigenvalues in no particular order, each within a few rounding errors of the largest
 * @throws {@link RangeError} if the sweeps do not converge, which finite numbers do not do
 * @see Golub & Van Loan, Matrix Computations, section 8.3
 */
export function tridiagonalEigenvalues(diagonal: Float64Array, beside: Float64Array): Float64Array {
  const n = diagonal.length;
  const d = diagonal.slice();
  const e = new Float64Array(n);
  e.set(beside);
  let scale = 0;
  for (let i = 0; i < n; i += 1) scale = Math.max(scale, Math.abs(d[i]), Math.abs(e[i]));
  const negligible = scale * 2 ** -53;
  for (let low = 0; low < n; low += 1) {
    for (let sweep = 0; ; sweep += 1) {
      let high = low;
      while (high < n - 1 && Math.abs(e[high]) > negligible) high += 1;
      if (high === low) break;
      if (sweep === maxSweeps) {
        throw new RangeError(`tridiagonalEigenvalues: no convergence at ${low} of ${n}; the numbers are not finite.`);
      }
      qlSweep(d, e, low, high);
    }
  }
  return d;
}

/** One sweep over the unreduced block from `low` to `high`. */
function qlSweep(d: Float64Array, e: Float64Array, low: number, high: number): void {
  const half = (d[low + 1] - d[low]) / (2 * e[low]);
  const root = Math.sqrt(half * half + 1);
  let g = d[high] - d[low] + e[low] / (half + (half >= 0 ? root : -root));
  let sine = 1;
  let cosine = 1;
  let shift = 0;
  for (let i = high - 1; i >= low; i -= 1) {
    const f = sine * e[i];
    const b = cosine * e[i];
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      // The block falls apart here; the caller starts again with the parts.
      d[i + 1] -= shift;
      e[high] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = d[i + 1] - shift;
    const turn = (d[i] - g) * sine + 2 * cosine * b;
    shift = sine * turn;
    d[i + 1] = g + shift;
    g = cosine * turn - b;
  }
  d[low] -= shift;
  e[low] = g;
  e[high] = 0;
}
