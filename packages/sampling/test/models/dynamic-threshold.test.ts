import type { Denoiser } from '@onestep/core';
import { countLeaks, tf, useBackend, type Tensor1D } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { dynamicThreshold } from '../../src';

const values = [
  [0.5, -0.25, 1, 0],
  [4, -2, 1, 3],
];
const denoiser: Denoiser = () => tf.tensor4d(values.flat(), [2, 2, 2, 1]);

describe.each(['cpu', 'wasm'] as const)('dynamicThreshold on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  async function run(quantile: number, given: Parameters<typeof dynamicThreshold>[0] = denoiser): Promise<number[]> {
    const x = tf.zeros([2, 2, 2, 1]);
    const sigma: Tensor1D = tf.ones([2]);
    const { leaked, result } = await countLeaks(async () => dynamicThreshold(given, { quantile })(x, sigma));
    expect(leaked).toBe(1);
    expect(result.shape).toEqual([2, 2, 2, 1]);
    const data = [...(await result.data())];
    tf.dispose([x, sigma, result]);
    return data;
  }

  it('scales an image by the quantile of its values, and clips the rest', async () => {
    // Ranks 1, 2, 3, 4 of the second image: quantile 2/3 is 3, quantile 0.5 halfway between 2 and 3.
    expect((await run(2 / 3)).slice(4)).toEqual([1, -2 / 3, 1 / 3, 1].map(Math.fround));
    expect((await run(0.5)).slice(4)).toEqual([1, -0.8, 0.4, 1].map(Math.fround));
    expect((await run(1)).slice(4)).toEqual([1, -0.5, 0.25, 0.75]);
  });

  it('leaves an image within [-1, 1] as it is', async () => {
    expect((await run(0.995)).slice(0, 4)).toEqual(values[0]);
  });

  it('waits for a denoiser that answers later', async () => {
    expect(await run(0.5, async (...args) => Promise.resolve().then(() => denoiser(...args)))).toEqual(await run(0.5));
  });

  it.each([0, 1.1, Number.NaN])('refuses the quantile %d', (quantile) => {
    expect(() => dynamicThreshold(denoiser, { quantile })).toThrow(
      `dynamicThreshold: quantile must be in (0, 1], got ${quantile}.`,
    );
  });
});
