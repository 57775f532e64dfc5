import { randomStream } from '@onestep/tensor';
import fc from 'fast-check';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { pivotedCholesky } from '../../src/internal/linear-algebra/pivoted-cholesky';
import { rowDistances } from '../../src/internal/linear-algebra/row-distances';
import { rowProducts } from '../../src/internal/linear-algebra/row-products';
import { sumOfSingularValues } from '../../src/internal/linear-algebra/singular-values';
import { tridiagonalEigenvalues } from '../../src/internal/linear-algebra/tridiagonal-eigenvalues';

const random = (count: number, seed: number) => Float64Array.from(randomStream(seed, 'test.matrix').normal(count));
const rowsOf = (count: number, width: number, seed: number) => ({ count, width, data: random(count * width, seed) });

/** X^T X of `rank` random rows. */
function gram(rank: number, dimension: number, seed: number): Float64Array {
  const x = random(rank * dimension, seed);
  const out = new Float64Array(dimension * dimension);
  for (let i = 0; i < dimension; i += 1) {
    for (let j = 0; j < dimension; j += 1) {
      for (let k = 0; k < rank; k += 1) out[i * dimension + j] += x[k * dimension + i] * x[k * dimension + j];
    }
  }
  return out;
}

describe('pivotedCholesky', () => {
  it.each([
    [1, 1],
    [5, 5],
    [70, 70],
    [7, 50],
    [33, 64],
    [32, 40],
  ])('of rank %i in %i dimensions has that rank, gives the matrix back and is a triangle in its order', (rank, d) => {
    const matrix = gram(rank, d, 10 * rank + d);
    const factor = pivotedCholesky(matrix, d);
    expect(factor.rank).toBe(rank);
    expect(Array.from(factor.order).sort((a, b) => a - b)).toEqual(Array.from({ length: d }, (_, i) => i));
    for (let i = 0; i < d; i += 1) {
      for (let j = 0; j < d; j += 1) {
        let sum = 0;
        for (let k = 0; k < rank; k += 1) sum += factor.rows[k * d + i] * factor.rows[k * d + j];
        expect(Math.abs(sum - matrix[i * d + j])).toBeLessThan(1e-11);
      }
    }
    for (let k = 0; k < rank; k += 1) {
      for (let c = 0; c < k; c += 1) expect(factor.rows[k * d + factor.order[c]]).toBe(0);
    }
  });

  it('has no rows for a matrix of zeros', () => {
    expect(pivotedCholesky(new Float64Array(9), 3).rank).toBe(0);
  });
});

describe('sumOfSingularValues', () => {
  it('agrees with another implementation for every shape', () => {
    const side = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(side, side, fc.nat(), (first, second, seed) => {
        const [n, m] = [Math.min(first, second), Math.max(first, second)];
        const matrix = random(m * n, seed);
        const oracle = new SingularValueDecomposition(Matrix.from1DArray(m, n, Array.from(matrix)));
        const expected = oracle.diagonal.reduce((sum, value) => sum + value, 0);
        expect(sumOfSingularValues(matrix.slice(), m, n) / expected).toBeCloseTo(1, 12);
      }),
      { numRuns: 40 },
    );
  });

  it('takes matrices of zeros, of low rank, and with singular values of very different sizes', () => {
    expect(sumOfSingularValues(new Float64Array(12), 4, 3)).toBe(0);
    expect(
      sumOfSingularValues(
        Float64Array.from({ length: 12 }, () => 1),
        4,
        3,
      ),
    ).toBeCloseTo(Math.sqrt(12), 12);
    expect(sumOfSingularValues(Float64Array.of(1, 0, 0, 0, 1e-9, 0, 0, 0, 1e-15), 3, 3)).toBeCloseTo(1 + 1e-9, 14);
  });
});

describe('tridiagonalEigenvalues', () => {
  it('has the closed form of the second difference', () => {
    const n = 25;
    const values = tridiagonalEigenvalues(new Float64Array(n).fill(2), new Float64Array(n - 1).fill(-1)).sort();
    values.forEach((value, k) => {
      expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)), 13);
    });
  });
});

describe('rows against rows', () => {
  it('give each pair the same bits wherever it stands, with and without tiles and stretches', () => {
    const a = rowsOf(9, 700, 1);
    const b = rowsOf(7, 700, 2);
    const products = rowProducts(a, b);
    const distances = rowDistances(a, b, new Float64Array(63));
    for (let i = 0; i < 9; i += 1) {
      for (let j = 0; j < 7; j += 1) {
        const one = (rows: typeof a, row: number) => ({
          count: 1,
          width: 700,
          data: rows.data.slice(row * 700, (row + 1) * 700),
        });
        expect(rowProducts(one(a, i), one(b, j))[0]).toBe(products[i * 7 + j]);
        expect(rowDistances(one(b, j), one(a, i), new Float64Array(1))[0]).toBe(distances[i * 7 + j]);
      }
    }
    const plain = a.data.subarray(0, 700).reduce((sum, value, k) => sum + (value - b.data[k]) ** 2, 0);
    expect(distances[0]).toBeCloseTo(plain, 9);
  });

  it('leave out the zeros of a triangle only', () => {
    const a = rowsOf(10, 12, 3);
    a.data.forEach((_, at) => {
      if (at % 12 < Math.floor(at / 12)) a.data[at] = 0;
    });
    const b = rowsOf(6, 12, 4);
    const whole = rowProducts(a, b);
    rowProducts(a, b, { triangular: true }).forEach((value, i) => {
      expect(value).toBeCloseTo(whole[i], 13);
    });
  });
});
