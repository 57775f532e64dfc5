import { countLeaks, tf, useBackend, type Tensor } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  distanceFromName,
  ictHuberConstant,
  l1Distance,
  l2Distance,
  pseudoHuberDistance,
  type Distance,
} from '../../src';
import { between } from '../support/arbitrary';
import { expectClose, float32Tolerance } from '../support/close';

const distances: readonly Distance[] = [
  l2Distance,
  l1Distance,
  pseudoHuberDistance(0.03),
  pseudoHuberDistance(0),
  pseudoHuberDistance(0.03, { reduction: 'element' }),
  pseudoHuberDistance(0, { reduction: 'element' }),
];
const image = fc.array(between(-2, 2), { minLength: 6, maxLength: 6 });

beforeAll(async () => {
  await useBackend('wasm');
});

describe.each(distances.map((distance) => [distance.name, distance] as const))('%s', (_, distance) => {
  const measure = (a: readonly number[], b: readonly number[], shape = [2, 3]): number[] =>
    tf.tidy(() => Array.from(distance(tf.tensor([...a], shape), tf.tensor([...b], shape)).dataSync()));

  it('is symmetric, not negative, and 0 between equal images', () => {
    fc.assert(
      fc.property(image, image, (a, b) => {
        expect(measure(a, b)).toEqual(measure(b, a));
        expect(Math.min(...measure(a, b))).toBeGreaterThanOrEqual(0);
        expect(measure(a, a)).toEqual([0, 0]);
      }),
      { numRuns: 30 },
    );
  });

  it('does not depend on the image shape or on the order of the batch', () => {
    const a = [0.1, 0.2, -0.3, 0.4, 1, -1];
    const b = [0.5, -0.2, 0.3, 0, 0.9, 1];
    expect(measure(a, b, [2, 1, 3, 1])).toEqual(measure(a, b));
    const swap = (x: number[]) => [...x.slice(3), ...x.slice(0, 3)];
    expect(measure(swap(a), swap(b))).toEqual(measure(a, b).reverse());
  });

  it('has gradient 0, not NaN, where the images are equal', () => {
    tf.tidy(() => {
      const b = tf.tensor2d([0.3, -0.2], [1, 2]);
      const gradient = tf.grad((a: Tensor) => tf.sum(distance(a, b)))(tf.clone(b));
      expect(Array.from(gradient.dataSync(), Math.abs)).toEqual([0, 0]);
    });
  });

  it('has the gradient of central differences', () => {
    const a = [0.3, -0.25, 0.6, 0.1, 0.9, -0.4];
    const b = [0.2, 0.15, -0.7, 0.4, 0.3, 0.2];
    const gradient = tf.tidy(() => {
      const target = tf.tensor2d(b, [2, 3]);
      return Array.from(
        tf
          .grad((x: Tensor) => tf.sum(distance(x, target)))(tf.tensor2d(a, [2, 3]))
          .dataSync(),
      );
    });
    const h = 2 ** -6;
    const sum = (x: readonly number[]) => measure(x, b).reduce((s, value) => s + value);
    const differences = a.map((_, i) => {
      const moved = (by: number) => a.map((value, j) => (i === j ? value + by : value));
      return (sum(moved(h)) - sum(moved(-h))) / (2 * h);
    });
    // Truncation h^2 f'''/6, at most 3e-3 for c = 0.03 element by element, above the rounding of float32.
    expectClose(gradient, differences, 3e-3);
  });

  it('refuses to broadcast', () => {
    tf.tidy(() => {
      expect(() => distance(tf.zeros([2, 3]), tf.zeros([1, 3]))).toThrow(
        'a and b must have the same shape [B, ...], got [2, 3] and [1, 3]',
      );
      expect(() => distance(tf.scalar(0), tf.scalar(0))).toThrow(RangeError);
    });
  });

  it('leaves nothing behind but its result', async () => {
    const { leaked } = await countLeaks(() => {
      const [a, b] = [tf.zeros([2, 3]), tf.ones([2, 3])];
      tf.dispose([a, b, distance(a, b)]);
    });
    expect(leaked).toBe(0);
  });
});

describe('the values of the distances', () => {
  const values = (distance: Distance) =>
    tf.tidy(() => Array.from(distance(tf.tensor2d([3, -4], [1, 2]), tf.zeros([1, 2])).dataSync()));

  it('are means over the elements for l1 and l2, the norm for pseudo-Huber', () => {
    expect(values(l2Distance)).toEqual([12.5]);
    expect(values(l1Distance)).toEqual([3.5]);
    expectClose(values(pseudoHuberDistance(0)), [5], float32Tolerance);
    expectClose(values(pseudoHuberDistance(12)), [1], float32Tolerance);
    expectClose(values(pseudoHuberDistance(0, { reduction: 'element' })), [3.5], float32Tolerance);
  });

  it('do not cancel where the difference is far below c', () => {
    const [value] = tf.tidy(() => pseudoHuberDistance(0.03)(tf.tensor2d([1e-5], [1, 1]), tf.zeros([1, 1])).dataSync());
    expect(value / (1e-10 / 0.06)).toBeCloseTo(1, 5);
  });
});

describe('distanceFromName', () => {
  it('finds every distance under its own name', () => {
    for (const name of ['l2', 'l1', 'pseudo-huber', 'pseudo-huber-element']) {
      expect(distanceFromName(name, { c: 0.1 }).name).toBe(name);
    }
  });

  it('lists the known names when a name is unknown', () => {
    expect(() => distanceFromName('lpips')).toThrow(
      'unknown distance "lpips", expected one of l2, l1, pseudo-huber, pseudo-huber-element',
    );
    expect(() => distanceFromName('pseudo-huber', { c: -1 })).toThrow('c must be >= 0, got -1');
    expect(() => pseudoHuberDistance(1, { reduction: 'sum' as 'norm' })).toThrow('unknown reduction "sum"');
  });
});

describe('ictHuberConstant', () => {
  it('gives the published constants', () => {
    expect(ictHuberConstant(3072)).toBeCloseTo(0.0299298, 7);
    expect(ictHuberConstant(12288)).toBeCloseTo(0.0598597, 7);
    expect(() => ictHuberConstant(0)).toThrow(RangeError);
  });
});
