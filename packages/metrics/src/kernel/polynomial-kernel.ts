import { rowProducts } from '../internal/linear-algebra/row-products';
import { forEachBlock, type PointRows } from '../internal/point-rows';

/** The kernel (gamma x.y + offset)^degree. */
export interface PolynomialKernel {
  /** Integer >= 1; default 3. */
  readonly degree?: number | undefined;
  /** Above 0; default 1 / d. */
  readonly gamma?: number | undefined;
  /** At least 0; default 1. */
  readonly offset?: number | undefined;
}

/** A kernel with its defaults filled in. */
export type CheckedKernel = { readonly [K in keyof PolynomialKernel]-?: number };

/** @throws {@link RangeError} if an option is out of range */
export function checkKernel(
  where: string,
  { degree = 3, gamma, offset = 1 }: PolynomialKernel,
  dimension: number,
): CheckedKernel {
  const scale = gamma ?? 1 / dimension;
  if (!Number.isInteger(degree) || degree < 1) {
    throw new RangeError(`${where}: degree must be an integer >= 1, got ${degree}.`);
  }
  if (!(scale > 0 && scale < Infinity)) throw new RangeError(`${where}: gamma must be > 0, got ${scale}.`);
  if (!(offset >= 0 && offset < Infinity)) throw new RangeError(`${where}: offset must be >= 0, got ${offset}.`);
  return { degree, gamma: scale, offset };
}

/** Unbiased squared maximum mean discrepancy of two sets of at least 2 points. */
export function squaredDiscrepancy(a: PointRows, b: PointRows, kernel: CheckedKernel): number {
  const within = (points: PointRows): number =>
    (2 * kernelSum(points, undefined, kernel)) / (points.count * (points.count - 1));
  return within(a) + within(b) - (2 * kernelSum(a, b, kernel)) / (a.count * b.count);
}

/** Sum of the kernel over all pairs, or over the pairs i < j of one set. */
function kernelSum(a: PointRows, b: PointRows | undefined, { degree, gamma, offset }: CheckedKernel): number {
  let total = 0;
  forEachBlock(
    a,
    b,
    (left, right, out) => rowProducts(left, right, { out }),
    (products, rowStart, rows, columnStart, columns) => {
      let blockSum = 0;
      for (let i = 0; i < rows; i += 1) {
        const from = b === undefined ? Math.max(0, rowStart + i + 1 - columnStart) : 0;
        for (let j = from; j < columns; j += 1) {
          const base = gamma * products[i * columns + j] + offset;
          let power = base;
          for (let k = 1; k < degree; k += 1) power *= base;
          blockSum += power;
        }
      }
      total += blockSum;
    },
  );
  return total;
}
