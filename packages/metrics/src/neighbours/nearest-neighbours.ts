import { checkPair, checkPoints, type PointSet } from '../distances/point-set';
import { rowDistances } from '../internal/linear-algebra/row-distances';
import { forEachBlock, pointRows } from '../internal/point-rows';

/** The nearest points of a set, for each of some points. */
export interface NearestNeighbours {
  readonly k: number;
  /** `[N, k]`, the nearest first; of points equally far the one with the lower index. */
  readonly indices: Int32Array;
  /** `[N, k]` Euclidean distances. */
  readonly distances: Float64Array;
}

/** Options of {@link nearestNeighbours}. */
export interface NearestNeighboursOptions {
  /** Neighbours per point, integer in [1, number of points to choose from]; default 1. */
  readonly k?: number | undefined;
}

/**
 * The k nearest points of a set for each query.
 *
 * @param queries - N points
 * @param reference - M points of the same dimension
 * @throws {@link RangeError} if dimensions differ, a number is not finite, or k is out of range
 * @remarks Float64, from the differences themselves: a copy is at distance 0 exactly. Time N M d, memory N k beside the points.
 */
export function nearestNeighbours(
  queries: PointSet,
  reference: PointSet,
  { k = 1 }: NearestNeighboursOptions = {},
): NearestNeighbours {
  const [first, second] = checkPair('nearestNeighbours', queries, reference);
  checkNeighbours('nearestNeighbours', k, second.count);
  const lists = new NearestLists(first.count, k);
  forEachBlock(
    pointRows(queries, first),
    pointRows(reference, second),
    rowDistances,
    (squared, rowStart, rows, columnStart, columns) => {
      for (let i = 0; i < rows; i += 1) {
        for (let j = 0; j < columns; j += 1) lists.offer(rowStart + i, columnStart + j, squared[i * columns + j]);
      }
    },
  );
  return lists.result();
}

/**
 * The k nearest other points of the same set, for each of its points. A copy of a point is another point.
 *
 * @param points - N points, N > k
 * @throws {@link RangeError} if a number is not finite, or k is not an integer in [1, N - 1]
 * @remarks Each distance is computed once: time N^2 d / 2.
 */
export function nearestWithin(points: PointSet, { k = 1 }: NearestNeighboursOptions = {}): NearestNeighbours {
  const size = checkPoints('nearestWithin: points', points);
  checkNeighbours('nearestWithin', k, size.count - 1);
  const lists = new NearestLists(size.count, k);
  forEachBlock(pointRows(points, size), undefined, rowDistances, (squared, rowStart, rows, columnStart, columns) => {
    for (let i = 0; i < rows; i += 1) {
      for (let j = Math.max(0, rowStart + i + 1 - columnStart); j < columns; j += 1) {
        lists.offer(rowStart + i, columnStart + j, squared[i * columns + j]);
        lists.offer(columnStart + j, rowStart + i, squared[i * columns + j]);
      }
    }
  });
  return lists.result();
}

function checkNeighbours(where: string, k: number, most: number): void {
  if (!Number.isInteger(k) || k < 1 || k > most) {
    throw new RangeError(
      `${where}: k must be an integer >= 1 with k neighbours to choose from, ${most} here, got ${k}.`,
    );
  }
}

/** The k smallest squared distances of each point so far. */
class NearestLists {
  readonly #k: number;
  readonly #squared: Float64Array;
  readonly #indices: Int32Array;

  constructor(count: number, k: number) {
    this.#k = k;
    this.#squared = new Float64Array(count * k).fill(Infinity);
    this.#indices = new Int32Array(count * k).fill(-1);
  }

  offer(point: number, neighbour: number, squared: number): void {
    const start = point * this.#k;
    let at = start + this.#k - 1;
    if (!this.#before(squared, neighbour, at)) return;
    for (; at > start && this.#before(squared, neighbour, at - 1); at -= 1) {
      this.#squared[at] = this.#squared[at - 1];
      this.#indices[at] = this.#indices[at - 1];
    }
    this.#squared[at] = squared;
    this.#indices[at] = neighbour;
  }

  result(): NearestNeighbours {
    return { k: this.#k, indices: this.#indices, distances: this.#squared.map(Math.sqrt) };
  }

  #before(squared: number, neighbour: number, at: number): boolean {
    const other = this.#squared[at];
    return squared < other || (squared === other && (neighbour < this.#indices[at] || this.#indices[at] < 0));
  }
}
