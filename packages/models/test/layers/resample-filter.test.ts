import { jvp, tf, type Tensor } from '@onestep/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterDown, filterKernel, filterMargin, filterUp, resampleFilters } from '../../src/layers/resample-filter';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

/** A few products and sums of float32 numbers of order 1. */
const tolerance = 1e-5;
const gap = (a: Tensor, b: Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const inner = (a: Tensor, b: Tensor): number => tf.sum(tf.mul(a, b)).dataSync()[0];

/** The definition: zero padding, then a strided convolution of every channel with the filter's kernel. */
function downByDefinition(x: Tensor, filter: readonly number[]): Tensor {
  const margin = filterMargin(filter);
  const size = filter.length;
  const kernel = tf.tensor4d(filterKernel(filter).data, [size, size, 1, 1]);
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const planes = tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [batch * channels, height, width, 1]);
  const padded = tf.pad(planes, [[0, 0], [margin, margin], [margin, margin], [0, 0]]); // prettier-ignore
  const halved = tf.conv2d(padded as never, kernel, 2, 'valid');
  const sides = [batch, channels, height / 2, width / 2];
  return tf.transpose(tf.reshape(halved, sides), [0, 2, 3, 1]);
}

/** Filters of no published network: another length, and taps that are not their own mirror image. */
const otherFilters = [
  [1, 5, 10, 10, 5, 1],
  [1, 2, 3, 1],
  [3, 1],
];

describeOnBackends('resampling filters', () => {
  for (const filter of [...resampleFilters, ...otherFilters]) {
    describe(`[${filter.join(', ')}]`, () => {
      itKeepsNoTensors('halves the grid as a strided convolution of every channel does', () => {
        const side = fc.integer({ min: 1, max: 4 });
        fc.assert(
          fc.property(side, side, fc.integer({ min: 1, max: 3 }), (rows, columns, channels) => {
            tf.tidy(() => {
              const x = normalTensor('x', [2, 2 * rows, 2 * columns, channels]);
              expect(gap(filterDown(x, filter), downByDefinition(x, filter))).toBeLessThan(tolerance);
            });
          }),
          { numRuns: 10 },
        );
      });

      itKeepsNoTensors('doubles the grid as 4 times the transpose of halving it', () => {
        tf.tidy(() => {
          const small = normalTensor('small', [2, 3, 2, 3]);
          const large = normalTensor('large', [2, 6, 4, 3]);
          const difference = inner(filterUp(small, filter), large) - 4 * inner(small, filterDown(large, filter));
          expect(Math.abs(difference)).toBeLessThan(1e-4);
        });
      });

      if (resampleFilters.includes(filter)) {
        itKeepsNoTensors('keeps a constant away from the border', () => {
          tf.tidy(() => {
            const ones = tf.ones([1, 8, 8, 1]);
            for (const resampled of [filterDown(ones, filter), filterUp(ones, filter)]) {
              const side = (resampled.shape[1] ?? 0) - 2;
              const inside = tf.slice(resampled, [0, 1, 1, 0], [1, side, side, 1]);
              expect(gap(inside, tf.onesLike(inside))).toBeLessThan(tolerance);
            }
          });
        });
      }

      itKeepsNoTensors('has the gradients of central differences', () => {
        tf.tidy(() => {
          expectGradients(([x]) => filterDown(x, filter), [normalTensor('x', [2, 4, 6, 2])]);
          expectGradients(([x]) => filterUp(x, filter), [normalTensor('x', [2, 2, 3, 2])]);
        });
      });

      itKeepsNoTensors('is its own directional derivative, being linear', () => {
        tf.tidy(() => {
          const x = normalTensor('x', [1, 4, 4, 2]);
          const direction = normalTensor('direction', [1, 4, 4, 2]);
          for (const resample of [filterDown, filterUp]) {
            const { tangent } = jvp((y) => resample(y, filter), [x], [direction]);
            expect(gap(tangent, resample(direction, filter))).toBeLessThan(tolerance);
          }
        });
      });
    });
  }

  it('has kernels that sum to 1', () => {
    for (const filter of resampleFilters) {
      expect(filterKernel(filter).data.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
    }
  });
});
