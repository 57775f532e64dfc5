import { describe, expect, it } from 'vitest';
import { checkGradients, countLeaks, measureGflops, tf, useBackend } from '../../src/index';

describe.each(['wasm', 'cpu'] as const)('checkGradients on %s', (name) => {
  it('finds no error in any operation that networks use', async () => {
    await useBackend(name);
    const { result, leaked } = await countLeaks(() => checkGradients(name));
    expect(result.filter(({ passed }) => !passed)).toEqual([]);
    expect(result.length).toBeGreaterThan(15);
    expect(leaked).toBe(0);
  });

  it('leaves the backend in use that was in use before', async () => {
    await useBackend('cpu');
    await checkGradients(name);
    expect(tf.getBackend()).toBe('cpu');
  });
});

it('reports a broken gradient as failed', async () => {
  await useBackend('wasm');
  const exact = tf.getGradient('Sin');
  tf.unregisterGradient('Sin');
  tf.registerGradient({ ...exact, gradFunc: (dy) => ({ x: () => tf.neg(dy as tf.Tensor) }) });
  try {
    const checks = await checkGradients('wasm');
    expect(checks.filter(({ passed }) => !passed).map(({ operation }) => operation)).toEqual(['sin, cos']);
  } finally {
    tf.unregisterGradient('Sin');
    tf.registerGradient(exact);
  }
});

it('measures throughput', async () => {
  await useBackend('wasm');
  const { result, leaked } = await countLeaks(() => measureGflops('wasm', { size: 4, batch: 2, runs: 1 }));
  for (const value of Object.values(result)) expect(value).toBeGreaterThan(0);
  expect(leaked).toBe(0);
});
