import { tf, useBackend, type Tensor } from '@onestep/tensor';
import { expect } from 'vitest';
import { compile, ortNode, type Executor } from '../../src/index';
import { takeApart } from '../../src/trace/records';

/** The executor of the tests: one thread, so that two test files do not fight for cores. */
export function testExecutor(): Promise<Executor> {
  return ortNode({ threads: 1 });
}

/** Tensors of random numbers; the caller's seed makes them the same every time. */
export function randomTensor(shape: readonly number[], seed: number, low = -2, high = 2): Tensor {
  return tf.randomUniform([...shape], low, high, 'float32', seed + 1);
}

/** Integers in [low, high]. */
export function randomIntegers(shape: readonly number[], seed: number, low = -4, high = 4): Tensor {
  return tf.tidy(() => tf.cast(tf.floor(randomTensor(shape, seed, low, high + 1)), 'int32'));
}

/** Booleans. */
export function randomBooleans(shape: readonly number[], seed: number): Tensor {
  return tf.tidy(() => tf.greater(randomTensor(shape, seed), 0));
}

/** Runs `fn` eagerly on the cpu backend and compiled, and holds every output of the two against each other. */
export async function expectAgreement<Args extends readonly unknown[]>(
  fn: (...args: Args) => unknown,
  args: Args,
  tolerance = 1e-5,
  executor?: Executor,
): Promise<void> {
  await useBackend('cpu');
  const eager = tf.tidy(() => fn(...args) as tf.TensorContainer);
  const compiled = await compile(fn, args, { executor: executor ?? (await testExecutor()) });
  const result = await compiled(...args);
  await compiled.dispose();
  const wanted = takeApart(eager);
  const got = takeApart(result);
  expect(got.layout).toEqual(wanted.layout);
  wanted.tensors.forEach((tensor, i) => {
    const other = got.tensors[i];
    expect({ shape: other.shape, dtype: other.dtype }).toEqual({ shape: tensor.shape, dtype: tensor.dtype });
    expectClose(other.dataSync(), tensor.dataSync(), tolerance, `output ${i} of ${fn.toString().slice(0, 200)}`);
  });
  tf.dispose([...wanted.tensors, ...got.tensors]);
}

/** Largest difference within `tolerance` of the largest magnitude (at least 1); NaN only where NaN is wanted. */
export function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number, label = ''): void {
  expect(got.length, label).toBe(wanted.length);
  let scale = 1;
  for (let i = 0; i < wanted.length; i += 1)
    if (Number.isFinite(wanted[i])) scale = Math.max(scale, Math.abs(wanted[i]));
  for (let i = 0; i < wanted.length; i += 1) {
    if (Object.is(got[i], wanted[i]) || got[i] === wanted[i]) continue;
    const difference = Math.abs(got[i] - wanted[i]);
    if (!(difference <= tolerance * scale)) {
      expect.fail(`${label}: element ${i} is ${got[i]}, expected ${wanted[i]} within ${tolerance} x ${scale}`);
    }
  }
}
