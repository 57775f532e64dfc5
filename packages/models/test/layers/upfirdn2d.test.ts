import { tf, type Tensor } from '@onestep/tensor';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { filterDown, filterMargin, filterUp, resampleFilters } from '../../src/layers/resample-filter';
import { upfirdn2d } from '../../src/layers/upfirdn2d';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

const gap = (a: Tensor, b: Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];

/** The definition along one axis, number by number. */
function oneAxis(
  x: readonly number[],
  { taps, up, down, before, after }: Record<'up' | 'down' | 'before' | 'after', number> & { taps: readonly number[] },
): number[] {
  const spread = x.flatMap((value) => [value, ...Array.from({ length: up - 1 }, () => 0)]);
  const at = (j: number): number => spread[j - before] ?? 0;
  const sum = taps.reduce((total, tap) => total + tap, 0);
  const y: number[] = [];
  for (let i = 0; i + taps.length <= spread.length + before + after; i += down) {
    y.push(taps.reduce((total, _, k) => total + (taps[taps.length - 1 - k] / sum) * at(i + k), 0));
  }
  return y;
}

describeOnBackends('upfirdn2d', () => {
  itKeepsNoTensors('is its definition, padded and cut, for every factor', () => {
    const side = fc.integer({ min: -2, max: 3 });
    const factor = fc.integer({ min: 1, max: 3 });
    const taps = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(taps, factor, factor, side, side, (h, up, down, before, after) => {
        const row = [0.5, -1, 2, 0.25, 3, -2, 1];
        const expected = oneAxis(row, { taps: h, up, down, before, after });
        fc.pre(expected.length > 0);
        tf.tidy(() => {
          const padding = { left: before, right: after, top: 0, bottom: h.length - 1 };
          // One row, repeated: along the other axis only its first is looked at.
          const x = tf.tile(tf.tensor4d(row, [1, 1, row.length, 1]), [1, 8, 1, 1]);
          const y = upfirdn2d(x, h, { up, down, padding });
          expect(y.shape[2]).toBe(expected.length);
          const turned = upfirdn2d(tf.transpose(x, [0, 2, 1, 3]), h, {
            up,
            down,
            padding: { top: before, bottom: after, left: 0, right: h.length - 1 },
          });
          expect(gap(tf.transpose(turned, [0, 2, 1, 3]), y)).toBeLessThan(1e-5);
          // The column filter sees h[n - 1 - k] of every up-th position of equal rows.
          const column = oneAxis(Array.from({ length: 8 }, () => 1), { taps: h, up, down, before: 0, after: h.length - 1 }); // prettier-ignore
          const plane = tf.mul(tf.tensor2d(column, [column.length, 1]), tf.tensor2d(expected, [1, expected.length]));
          expect(gap(tf.reshape(y, plane.shape), plane)).toBeLessThan(1e-5);
        });
      }),
      { numRuns: 30 },
    );
  });

  for (const filter of resampleFilters) {
    itKeepsNoTensors(`doubles and halves like the networks' own layers, for [${filter.join(', ')}]`, () => {
      tf.tidy(() => {
        const x = normalTensor('x', [2, 4, 6, 3]);
        const margin = filterMargin(filter);
        const half = filter.length / 2;
        const padding = { top: half, left: half, bottom: half - 1, right: half - 1 };
        expect(gap(upfirdn2d(x, filter, { down: 2, padding: margin }), filterDown(x, filter))).toBeLessThan(1e-5);
        expect(gap(upfirdn2d(x, filter, { up: 2, gain: 4, padding }), filterUp(x, filter))).toBeLessThan(1e-5);
      });
    });
  }

  itKeepsNoTensors('has the gradients of central differences', () => {
    tf.tidy(() => {
      const options = { up: 3, down: 2, gain: -2.5, padding: { top: 2, bottom: 1, left: -1, right: 3 } };
      expectGradients(([x]) => upfirdn2d(x, [1, 2, 5], options), [normalTensor('x', [1, 3, 4, 2])]);
    });
  });

  it('refuses what it cannot compute', () => {
    const x = tf.zeros([1, 2, 2, 1]);
    expect(() => upfirdn2d(tf.zeros([2, 2]), [1])).toThrow(/x must be \[B, H, W, C\], got \[2, 2\]/);
    expect(() => upfirdn2d(x, [1, -1])).toThrow(/sum that is not 0/);
    expect(() => upfirdn2d(x, [1], { up: 0 })).toThrow(/up must be an integer from 1, got 0/);
    expect(() => upfirdn2d(x, [1], { padding: 0.5 })).toThrow(/padding must be an integer, got 0\.5/);
    expect(() => upfirdn2d(x, [1, 1, 1])).toThrow(/3 taps do not fit into 2 positions padded by 0 and 0/);
    expect(() => upfirdn2d(x, [1], { padding: { top: 0, bottom: 0, left: -3, right: 5 } })).toThrow(/do not fit/);
    tf.dispose(x);
  });
});
