import { mapParams, type HostTensor } from '@onestep/tensor';
import type { HostParams } from '../trainer/training-state';
import { solveSymmetric } from './least-squares';
import { powerExponent } from './power';

/** A power-function average over the first steps of a run. */
export interface PowerProfile {
  /** Its width, as in the recipe. */
  readonly relativeStd: number;
  /** Steps it runs over, >= 1; or images, if all of one run are counted so. */
  readonly step: number;
}

/** A stored average. */
export interface EmaSnapshot extends PowerProfile {
  readonly params: HostParams;
}

/** How a target profile is put together from stored ones. */
export interface PostHocFit {
  /** Factor of each snapshot, in their order; they sum to one. */
  readonly weights: readonly number[];
  /** Distance of what was put together from the target profile, as a share of the target's norm; 0 is exact. */
  readonly residual: number;
}

/** A reconstructed average. */
export interface PostHocEma extends PostHocFit {
  readonly params: HostParams;
}

/**
 * Factors that make the nearest profile to a target out of stored ones: the least squares of
 * |sum_i w_i p_i - p_target|^2 under sum_i w_i = 1, where p(t') = (gamma + 1) t'^gamma / t^(gamma + 1) on [0, t].
 *
 * @param profiles - of the stored averages, no two the same
 * @param target - any width and step, best within those of the profiles
 * @throws {@link RangeError} if there are no profiles, two are the same, or a width or step is out of range
 * @remarks The constraint, which the paper has not, keeps what is common to all averages exactly.
 * @see Karras et al. 2024, "Analyzing and improving the training dynamics of diffusion models", appendix C
 */
export function postHocWeights(profiles: readonly PowerProfile[], target: PowerProfile): PostHocFit {
  const points = profiles.map(pointOf);
  const wanted = pointOf(target);
  checkDistinct(points);
  // Unit profiles, so that the system is as well conditioned as it can be.
  const norms = points.map((point) => Math.sqrt(inner(point, point)));
  const wantedNorm = Math.sqrt(inner(wanted, wanted));
  const n = points.length;
  const matrix = points.map((a, i) => [
    ...points.map((b, j) => inner(a, b) / (norms[i] * norms[j])),
    wantedNorm / norms[i],
  ]);
  matrix.push([...norms.map((norm) => wantedNorm / norm), 0]);
  const right = [...points.map((a, i) => inner(a, wanted) / (norms[i] * wantedNorm)), 1];
  const scaled = solveSymmetric(matrix, right).slice(0, n);
  // |sum w p - t|^2 for unit vectors.
  let squared = 1;
  for (let i = 0; i < n; i += 1) {
    squared -= 2 * scaled[i] * right[i];
    for (let j = 0; j < n; j += 1) squared += scaled[i] * scaled[j] * matrix[i][j];
  }
  return { weights: scaled.map((w, i) => (w * wantedNorm) / norms[i]), residual: Math.sqrt(Math.max(0, squared)) };
}

/**
 * Reconstructs power-function averages of any width at any step after training, from snapshots of (usually) two averages
 * stored at several steps.
 *
 * @param snapshots - of one run, two or more; the more steps and the two widths further apart, the better
 * @param targets - what to reconstruct
 * @returns for each target its weights, summed in double precision, and how well its profile could be met: a residual
 *   below 0.01 is as good as a tracked average
 * @throws {@link RangeError} as {@link postHocWeights}, or if names or shapes of the snapshots differ
 * @see Karras et al. 2024, appendix C
 * @example
 * ```ts
 * const [{ params }] = postHocEma(await readEmaSnapshots('runs/a'), [{ relativeStd: 0.15, step: 10_000 }]);
 * ```
 */
export function postHocEma(snapshots: readonly EmaSnapshot[], targets: readonly PowerProfile[]): PostHocEma[] {
  checkSameParams(snapshots);
  return targets.map((target) => {
    const fit = postHocWeights(snapshots, target);
    return { ...fit, params: combined(snapshots, fit.weights) };
  });
}

function combined(snapshots: readonly EmaSnapshot[], weights: readonly number[]): HostParams {
  const [{ params }] = snapshots;
  return mapParams(params, ({ shape, data }, name): HostTensor => {
    const sum = new Float64Array(data.length);
    snapshots.forEach((snapshot, k) => {
      const values = snapshot.params[name].data;
      for (let i = 0; i < sum.length; i += 1) sum[i] += weights[k] * values[i];
    });
    return { dtype: 'float32', shape, data: Float32Array.from(sum) };
  });
}

interface Point {
  readonly gamma: number;
  readonly t: number;
}

function pointOf({ relativeStd, step }: PowerProfile): Point {
  if (!(step >= 1 && step < Infinity)) throw new RangeError(`postHocEma: step must be >= 1, got ${step}.`);
  return { gamma: powerExponent(relativeStd), t: step };
}

/** Integral of the product of two profiles. */
function inner(a: Point, b: Point): number {
  const [first, last] = a.t <= b.t ? [a, b] : [b, a];
  const overlap = (first.t / last.t) ** last.gamma / last.t;
  return (((a.gamma + 1) * (b.gamma + 1)) / (a.gamma + b.gamma + 1)) * overlap;
}

function checkDistinct(points: readonly Point[]): void {
  if (points.length === 0) throw new RangeError('postHocEma: needs snapshots, got none.');
  const seen = new Set(points.map(({ gamma, t }) => `${gamma} ${t}`));
  if (seen.size < points.length) throw new RangeError('postHocEma: two snapshots have the same width and step.');
}

function checkSameParams(snapshots: readonly EmaSnapshot[]): void {
  const describe = ({ params }: EmaSnapshot): string => JSON.stringify(mapParams(params, ({ shape }) => shape));
  const other = snapshots.findIndex((snapshot) => describe(snapshot) !== describe(snapshots[0]));
  if (other > 0) {
    throw new RangeError(
      `postHocEma: snapshots[${other}] has other parameters than snapshots[0]. They must be of one run.`,
    );
  }
}
