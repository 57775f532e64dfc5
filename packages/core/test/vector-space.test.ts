import { countLeaks, tf, useBackend } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { float64Space, tensorSpace } from '../src';

beforeAll(async () => {
  await useBackend('wasm');
});

describe('the vector spaces', () => {
  const [a, b] = [
    [1, -2, 3],
    [0.5, 4, -1],
  ];

  it('agree on combinations, clipping and the error of a step', async () => {
    const x = { array: Float64Array.from(a), tensor: tf.tensor1d(a) };
    const y = { array: Float64Array.from(b), tensor: tf.tensor1d(b) };
    expect([...float64Space.combine([2, x.array], [1, y.array])]).toEqual([2.5, 0, 5]);
    expect([...tensorSpace.combine([2, x.tensor], [1, y.tensor]).dataSync()]).toEqual([2.5, 0, 5]);
    expect([...float64Space.clip(x.array, -1, 1)]).toEqual([1, -1, 1]);
    expect([...tensorSpace.clip(x.tensor, -1, 1).dataSync()]).toEqual([1, -1, 1]);
    // Scales max(1.5, 0.5 max(|a|, |b|)): 1.5, 2, 1.5.
    const scale = { absolute: 1.5, relative: 0.5 };
    const expected = Math.sqrt(((1 / 1.5) ** 2 + (2 / 2) ** 2 + (3 / 1.5) ** 2) / 3);
    expect(await float64Space.scaledError(x.array, { ...scale, a: x.array, b: y.array })).toBeCloseTo(expected, 12);
    expect(await tensorSpace.scaledError(x.tensor, { ...scale, a: x.tensor, b: y.tensor })).toBeCloseTo(expected, 6);
  });

  it('return new vectors, also for one term with coefficient 1', () => {
    const array = Float64Array.from(a);
    expect(float64Space.combine([1, array])).not.toBe(array);
    tf.tidy(() => {
      const tensor = tf.tensor1d(a);
      const copy = tensorSpace.combine([1, tensor]);
      tensor.dispose();
      expect([...copy.dataSync()]).toEqual(a);
    });
  });

  it('keep nothing of a scope but its result', async () => {
    const { leaked } = await countLeaks(() => {
      const x = tf.tensor1d(a);
      const result = tensorSpace.scope(() => ({ x: tensorSpace.combine([0.5, tensorSpace.combine([2, x], [1, x])]) }));
      tensorSpace.dispose(result.x);
      tensorSpace.dispose(x);
    });
    expect(leaked).toBe(0);
  });
});
