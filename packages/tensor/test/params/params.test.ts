import { beforeAll, expect, it } from 'vitest';
import {
  cloneParams,
  countLeaks,
  countParams,
  disposeParams,
  mapParams,
  paramNames,
  paramsFromHost,
  paramsToHost,
  tf,
  toHost,
  useBackend,
  valueAndGrads,
  type Scalar,
} from '../../src/index';

beforeAll(async () => {
  await useBackend('wasm');
});

const record = () =>
  paramsFromHost({
    b: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) },
    a: { dtype: 'int32', shape: [], data: Int32Array.of(7) },
  });

it('goes from host memory to the backend and back, names in canonical order, without a leak', async () => {
  const { leaked } = await countLeaks(async () => {
    const params = record();
    expect(paramNames(params)).toEqual(['a', 'b']);
    expect(countParams(params)).toBe(3);
    expect(await paramsToHost(params)).toEqual({
      a: { dtype: 'int32', shape: [], data: Int32Array.of(7) },
      b: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) },
    });
    const copy = cloneParams(params);
    disposeParams(params);
    disposeParams(params);
    expect([...copy.b.dataSync()]).toEqual([1, 2]);
    disposeParams(copy);
  });
  expect(leaked).toBe(0);
});

it('refuses to download what a host tensor cannot hold', async () => {
  const flag = tf.tensor1d([true], 'bool');
  await expect(toHost(flag)).rejects.toThrow(/got bool/);
  flag.dispose();
});

it('gives value and gradients of a record, zero for a parameter without use, and leaks nothing else', async () => {
  const params = { unused: tf.tensor1d([1, 1]), w: tf.tensor1d([3, 4]) };
  const { leaked } = await countLeaks(() => {
    const { value, grads } = valueAndGrads((p): Scalar => tf.sum(tf.square(p.w)), params);
    expect(value.dataSync()[0]).toBe(25);
    expect(mapParams(grads, (grad) => [...grad.dataSync()])).toEqual({ unused: [0, 0], w: [6, 8] });
    disposeParams(grads);
    value.dispose();
  });
  expect(leaked).toBe(0);
  disposeParams(params);
});
