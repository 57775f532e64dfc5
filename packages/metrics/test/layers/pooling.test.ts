import { countLeaks, tf, useBackend, type Tensor, type Tensor4D } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  averagePoolBlocks,
  averagePoolInside,
  maxPool,
  pooledExtent,
  slidingMax,
  type PoolWindow,
} from '../../src/layers/pooling';

beforeAll(async () => {
  await useBackend('cpu');
});

const windows = fc.record<PoolWindow>({
  size: fc.constantFrom(2 as const, 3 as const),
  stride: fc.constantFrom(1 as const, 2 as const),
  margin: fc.constantFrom(0 as const, 1 as const),
  ceil: fc.boolean(),
});
const shapes = fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 3, max: 7 }), fc.integer({ min: 3, max: 7 }), fc.integer({ min: 1, max: 3 })); // prettier-ignore
const random = (shape: readonly number[], seed: number): Tensor4D =>
  tf.randomNormal<tf.Rank.R4>([...shape] as [number, number, number, number], 0, 1, 'float32', seed);

/** The largest value of each window, pixel by pixel. */
function directMax(x: Tensor4D, window: PoolWindow): number[] {
  const [batch, height, width, channels] = x.shape;
  const { size, stride, margin = 0 } = window;
  const values = x.arraySync();
  const out: number[] = [];
  for (let b = 0; b < batch; b += 1)
    for (let i = 0; i < pooledExtent(height, window); i += 1)
      for (let j = 0; j < pooledExtent(width, window); j += 1)
        for (let c = 0; c < channels; c += 1) {
          let best = -3e38;
          for (let y = i * stride - margin; y < i * stride - margin + size; y += 1)
            for (let z = j * stride - margin; z < j * stride - margin + size; z += 1)
              best = Math.max(best, values[b]?.[y]?.[z]?.[c] ?? -3e38);
          out.push(best);
        }
  return out;
}

describe('maxPool', () => {
  it('takes the largest value of every window, by the kernel and by slices', () => {
    fc.assert(
      fc.property(shapes, windows, fc.nat(1000), (shape, window, seed) => {
        const x = random(shape, seed);
        const expected = directMax(x, window).map(Math.fround);
        expect([...maxPool(x, window).dataSync()]).toEqual(expected);
        expect([...slidingMax(x, window).dataSync()]).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('gives the gradient of each window to its largest value, inside another gradient as well', () => {
    fc.assert(
      fc.property(shapes, windows, fc.nat(1000), (shape, window, seed) => {
        const x = random(shape, seed);
        const loss = (pool: (at: Tensor4D) => Tensor) => (at: Tensor) =>
          tf.sum(tf.square(pool(tf.mul<Tensor4D>(at, 2))));
        const own = tf
          .grad(loss((at) => maxPool(at, window)))(x)
          .dataSync();
        const slices = tf
          .grad(loss((at) => slidingMax(at, window)))(x)
          .dataSync();
        expect([...own]).toEqual([...slices]);
      }),
      { numRuns: 30 },
    );
  });

  it('gives the gradient to one of equal values only', () => {
    const x = tf.ones<tf.Rank.R4>([1, 2, 2, 1]);
    const gradient = tf.grad((at: Tensor) => tf.sum(maxPool(at as Tensor4D, { size: 2, stride: 2 })))(x);
    expect([...gradient.dataSync()]).toEqual([1, 0, 0, 0]);
  });

  it('leaves no tensors behind', async () => {
    const x = random([1, 6, 6, 2], 3);
    const { leaked } = await countLeaks(() => {
      const gradient = tf.grad((at: Tensor) => tf.sum(maxPool(at as Tensor4D, { size: 3, stride: 2 })))(x);
      gradient.dispose();
    });
    expect(leaked).toBe(0);
  });
});

describe('averages', () => {
  it('leave padding out of the count', () => {
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    const expected = [3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7];
    [...averagePoolInside(x).dataSync()].forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
  });

  it('leave out an odd row and column', () => {
    const x = tf.tensor4d([1, 2, 99, 3, 4, 99, 99, 99, 99], [1, 3, 3, 1]);
    expect([...averagePoolBlocks(x).dataSync()]).toEqual([2.5]);
  });
});
