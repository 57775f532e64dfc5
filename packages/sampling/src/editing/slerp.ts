/** Below this sine of the angle two vectors count as parallel. */
const smallestSine = 1e-6;

/**
 * Spherical interpolation between two vectors: [sin((1 - alpha) psi) a + sin(alpha psi) b] / sin psi, psi their angle.
 *
 * Between independent noises every point has the norm of noise, which a straight line does not.
 *
 * @param a - at `alpha` 0
 * @param b - at `alpha` 1, as long
 * @param alpha - any finite number; outside [0, 1] it goes beyond the ends
 * @returns a new array; the straight line where the vectors are parallel (sin psi < 1e-6) or one is 0
 * @throws RangeError if the lengths differ or alpha is not finite
 * @see Song et al. 2023, appendix D; Shoemake 1985
 */
export function slerp(a: Float32Array, b: Float32Array, alpha: number): Float32Array {
  if (a.length !== b.length) throw new RangeError(`slerp: the vectors have ${a.length} and ${b.length} values.`);
  if (!Number.isFinite(alpha)) throw new RangeError(`slerp: alpha must be finite, got ${alpha}.`);
  let [dot, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    dot += a[i] * b[i];
    squareA += a[i] * a[i];
    squareB += b[i] * b[i];
  }
  const cosine = dot / Math.sqrt(squareA * squareB);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const sine = Math.sin(angle);
  const isStraight = !(sine >= smallestSine);
  const fromA = isStraight ? 1 - alpha : Math.sin((1 - alpha) * angle) / sine;
  const fromB = isStraight ? alpha : Math.sin(alpha * angle) / sine;
  return Float32Array.from(a, (value, i) => fromA * value + fromB * b[i]);
}
