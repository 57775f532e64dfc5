import { countLeaks, tf, useBackend, type Tensor } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { resizeImages, resizeMatrix, resizeRules } from '../../src/index';

beforeAll(async () => {
  await useBackend('cpu');
});

const extents = fc.integer({ min: 1, max: 40 });
const rules = fc.constantFrom(...resizeRules);

describe('resizeMatrix', () => {
  it('has rows that sum to 1, so that constant images stay constant', () => {
    fc.assert(
      fc.property(extents, extents, rules, (from, to, rule) => {
        const matrix = resizeMatrix(from, to, rule);
        for (let i = 0; i < to; i += 1) {
          const sum = matrix.subarray(i * from, (i + 1) * from).reduce((total, weight) => total + weight, 0);
          expect(sum).toBeCloseTo(1, 10);
        }
      }),
    );
  });

  it('is the identity where the size stays', () => {
    fc.assert(
      fc.property(extents, rules, (size, rule) => {
        const matrix = resizeMatrix(size, size, rule);
        for (let i = 0; i < size * size; i += 1) expect(matrix[i]).toBeCloseTo(i % (size + 1) === 0 ? 1 : 0, 10);
      }),
    );
  });

  it.each([
    ['tf1-bilinear', [1, 0, 0.5, 0.5, 0, 1, 0, 1]],
    ['bilinear', [1, 0, 0.75, 0.25, 0.25, 0.75, 0, 1]],
    ['bilinear-align-corners', [1, 0, 2 / 3, 1 / 3, 1 / 3, 2 / 3, 0, 1]],
    ['nearest', [1, 0, 1, 0, 0, 1, 0, 1]],
  ] as const)('doubles two pixels under %s as written', (rule, expected) => {
    [...resizeMatrix(2, 4, rule)].forEach((weight, i) => expect(weight).toBeCloseTo(expected[i], 7));
  });

  it('averages under area exactly the pixels that a target pixel touches', () => {
    const side = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(side, side, fc.nat(), (from, to, at) => {
        const i = at % to;
        const row = resizeMatrix(from, to, 'area').subarray(i * from, (i + 1) * from);
        // Pixel k covers [k, k + 1) / from, the target [i, i + 1) / to: compared without a division.
        row.forEach((weight, k) => expect(weight > 0).toBe(k * to < (i + 1) * from && (k + 1) * to > i * from));
      }),
      { examples: [[2, 98, 48]] },
    );
  });

  it.each([
    // Row 290 of 300 to 299 as PyTorch 1.13 and torch-fidelity compute it; without rounding the first is 0.028428.
    ['bilinear', [0.028412342, 0.971587658]],
    ['bilinear-align-corners', [0.026834965, 0.973165035]],
    ['bilinear-antialias', [0.031545393, 0.968454659]],
    ['bicubic', [-0.0005877018, 0.0224915147, 0.9982123375, -0.0201156139]],
    ['tf1-bilinear', [0.030090332, 0.969909668]],
  ] as const)('rounds to float32 where the reference of %s does', (rule, expected) => {
    const row = resizeMatrix(300, 299, rule).subarray(290 * 300, 291 * 300);
    const weights = row.filter((weight) => weight !== 0);
    expect(weights).toHaveLength(expected.length);
    // PyTorch's cubic polynomial is float32 itself; the rounding of the ratio moves weights by 1.6e-5.
    weights.forEach((weight, k) => expect(Math.abs(weight - expected[k])).toBeLessThan(2e-6));
  });

  it('refuses extents and rules that are none', () => {
    expect(() => resizeMatrix(0, 4, 'area')).toThrow(/extents must be integers >= 1, got 0 to 4/);
    expect(() => resizeMatrix(2, 4, 'lanczos' as never)).toThrow(/no rule "lanczos", only tf1-bilinear/);
  });
});

describe('resizeImages', () => {
  it('is linear: its gradient is its transpose', () => {
    const x = tf.randomNormal([2, 5, 7, 3], 0, 1, 'float32', 1);
    const dy = tf.randomNormal([2, 4, 9, 3], 0, 1, 'float32', 2);
    const forward = tf.sum(tf.mul(resizeImages(x, [4, 9], 'bicubic-antialias'), dy)).dataSync()[0];
    const gradient = tf.grad((at: Tensor) => resizeImages(at, [4, 9], 'bicubic-antialias'))(x, dy);
    expect(tf.sum(tf.mul(gradient, x)).dataSync()[0]).toBeCloseTo(forward, 4);
  });

  it('leaves no tensors behind and refuses other ranks', async () => {
    const x = tf.zeros([1, 4, 4, 1]);
    expect((await countLeaks(() => resizeImages(x, [2, 2], 'area').dispose())).leaked).toBe(0);
    expect(() => resizeImages(tf.zeros([4, 4]), [2, 2], 'area')).toThrow(/must be \[B, H, W, C\], got \[4, 4\]/);
  });
});
