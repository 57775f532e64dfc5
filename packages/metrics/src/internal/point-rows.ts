import type { PointSet, PointSetSize } from '../distances/point-set';
import type { Rows } from './linear-algebra/row-products';

/** Points that are read a block at a time, in float64. */
export interface PointRows {
  readonly count: number;
  rows(start: number, end: number): Rows;
}

/** Points of a block: two blocks of 2048 features fit the second cache. */
export const blockPoints = 64;

/** Points of a set; a block is converted when it is read, so memory does not grow with the set. */
export function pointRows({ data }: PointSet, { count, dimension }: PointSetSize): PointRows {
  return {
    count,
    rows(start, end) {
      const block = new Float64Array((end - start) * dimension);
      for (let i = 0; i < block.length; i += 1) block[i] = data[start * dimension + i];
      return { count: end - start, width: dimension, data: block };
    },
  };
}

/** Some points of a set by index, converted once. */
export function chosenRows({ data }: PointSet, { dimension }: PointSetSize, indices: ArrayLike<number>): PointRows {
  const chosen = new Float64Array(indices.length * dimension);
  for (let i = 0; i < indices.length; i += 1) {
    for (let k = 0; k < dimension; k += 1) chosen[i * dimension + k] = data[indices[i] * dimension + k];
  }
  return {
    count: indices.length,
    rows: (start, end) => ({
      count: end - start,
      width: dimension,
      data: chosen.subarray(start * dimension, end * dimension),
    }),
  };
}

/** Results for the pairs of a block of `a` with a block of `b`. */
export type VisitBlock = (
  values: Float64Array,
  rowStart: number,
  rows: number,
  columnStart: number,
  columns: number,
) => void;

/**
 * Computes something for all pairs, block by block.
 *
 * @param b - the other points; undefined for the pairs within `a`, and then only blocks on and above the diagonal
 * @param compute - writes `[a.count, b.count]` results
 */
export function forEachBlock(
  a: PointRows,
  b: PointRows | undefined,
  compute: (a: Rows, b: Rows, out: Float64Array) => Float64Array,
  visit: VisitBlock,
): void {
  const other = b ?? a;
  const out = new Float64Array(blockPoints * blockPoints);
  for (let top = 0; top < a.count; top += blockPoints) {
    const left = a.rows(top, Math.min(top + blockPoints, a.count));
    for (let start = b === undefined ? top : 0; start < other.count; start += blockPoints) {
      const right = other.rows(start, Math.min(start + blockPoints, other.count));
      visit(compute(left, right, out), top, left.count, start, right.count);
    }
  }
}
