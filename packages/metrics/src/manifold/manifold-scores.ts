import { checkPair, type PointSet } from '../distances/point-set';
import { rowDistances } from '../internal/linear-algebra/row-distances';
import { forEachBlock, pointRows } from '../internal/point-rows';
import { nearestWithin } from '../neighbours/nearest-neighbours';

/** How much of the generated set looks real, and how much of the real set is generated; shares in [0, 1]. */
export interface PrecisionRecall {
  /** Share of the generated points that lie in some real point's ball. */
  readonly precision: number;
  /** Share of the real points that lie in some generated point's ball. */
  readonly recall: number;
  /** Real and generated points whose ball has radius 0, because k copies of them are in their set. Not 0: read with care. */
  readonly emptyBalls: { readonly real: number; readonly generated: number };
}

/** Precision and recall that single outliers cannot inflate. */
export interface DensityCoverage {
  /** Mean number of real balls around a generated point, over k; about 1 for equal laws, and can be above. */
  readonly density: number;
  /** Share of the real points with a generated point in their ball, in [0, 1]; about 1 - 2^-k for equal laws and counts. */
  readonly coverage: number;
  /** Real points whose ball has radius 0, because k copies of them are in the set: they can never be covered. */
  readonly emptyBalls: number;
}

/** Options of {@link precisionRecall}. */
export interface PrecisionRecallOptions {
  /** The ball of a point reaches to its k-th neighbour in its own set; integer in [1, N - 1], default 3. */
  readonly k?: number | undefined;
  /** Whether a ball has its surface: `closed` (default, distances <= radius) or `open` (<). They differ by copies alone. */
  readonly balls?: 'closed' | 'open' | undefined;
}

/** Options of {@link densityCoverage}. */
export interface DensityCoverageOptions {
  /** As for {@link PrecisionRecallOptions}; default 5. */
  readonly k?: number | undefined;
}

/**
 * Improved precision and recall: each set is replaced by the balls of its points that reach to their k-th neighbours.
 *
 * @param real - N > k points
 * @param generated - M > k points of the same dimension
 * @throws {@link RangeError} if dimensions differ, a number is not finite, or k is not below both counts
 * @remarks Float64, in blocks; time (N + M)^2 d / 2. Values depend on the counts and on k: compare equal ones. Calling
 *   it with the sets exchanged exchanges precision and recall.
 * @see Kynkaanniemi et al. 2019
 */
export function precisionRecall(
  real: PointSet,
  generated: PointSet,
  { k = 3, balls = 'closed' }: PrecisionRecallOptions = {},
): PrecisionRecall {
  checkSets('precisionRecall', real, generated, k, true);
  const realRadii = radii(real, k);
  const generatedRadii = radii(generated, k);
  const inside = new Uint8Array(generatedRadii.length);
  const covered = new Uint8Array(realRadii.length);
  const closed = balls === 'closed';
  forEachDistance(real, generated, (i, j, distance) => {
    if (distance < realRadii[i] || (closed && distance === realRadii[i])) inside[j] = 1;
    if (distance < generatedRadii[j] || (closed && distance === generatedRadii[j])) covered[i] = 1;
  });
  return {
    precision: share(inside),
    recall: share(covered),
    emptyBalls: { real: zeros(realRadii), generated: zeros(generatedRadii) },
  };
}

/**
 * Density and coverage: in how many real balls generated points lie, and how many real balls have one. Balls are open.
 *
 * @param real - N > k points
 * @param generated - M points of the same dimension
 * @throws {@link RangeError} if dimensions differ, a number is not finite, or k is not below N
 * @remarks Float64, in blocks; time (N / 2 + M) N d.
 * @see Naeem et al. 2020
 */
export function densityCoverage(
  real: PointSet,
  generated: PointSet,
  { k = 5 }: DensityCoverageOptions = {},
): DensityCoverage {
  checkSets('densityCoverage', real, generated, k, false);
  const realRadii = radii(real, k);
  const covered = new Uint8Array(realRadii.length);
  let balls = 0;
  forEachDistance(real, generated, (i, _, distance) => {
    if (distance < realRadii[i]) {
      balls += 1;
      covered[i] = 1;
    }
  });
  return { density: balls / (k * generated.shape[0]), coverage: share(covered), emptyBalls: zeros(realRadii) };
}

function checkSets(where: string, real: PointSet, generated: PointSet, k: number, both: boolean): void {
  const [first, second] = checkPair(where, real, generated);
  const least = both ? Math.min(first.count, second.count) : first.count;
  if (!Number.isInteger(k) || k < 1 || k >= least) {
    throw new RangeError(`${where}: k must be an integer in [1, ${least - 1}], below the number of points, got ${k}.`);
  }
}

function radii(points: PointSet, k: number): Float64Array {
  const { distances } = nearestWithin(points, { k });
  return Float64Array.from({ length: points.shape[0] }, (_, i) => distances[i * k + k - 1]);
}

function forEachDistance(
  real: PointSet,
  generated: PointSet,
  visit: (real: number, generated: number, distance: number) => void,
): void {
  const [first, second] = checkPair('forEachDistance', real, generated);
  forEachBlock(
    pointRows(real, first),
    pointRows(generated, second),
    rowDistances,
    (squared, rowStart, rows, columnStart, columns) => {
      for (let i = 0; i < rows; i += 1) {
        for (let j = 0; j < columns; j += 1) {
          // The root, as the radii have it: squares that differ in the last bit may have one root.
          visit(rowStart + i, columnStart + j, Math.sqrt(squared[i * columns + j]));
        }
      }
    },
  );
}

const share = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0) / flags.length;
const zeros = (values: Float64Array): number => values.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0);
