import { tf, useBackend } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { kernelShares, kernelTimes } from '../../src/measure/kernel-shares';

beforeAll(async () => {
  await useBackend('wasm');
});

describe('kernelTimes', () => {
  it('sees the kernels the engine calls, and leaves the registry as it was', async () => {
    const before = tf.getKernel('Sin', 'wasm').kernelFunc;
    const { kernels, totalMs } = await kernelTimes(() => {
      tf.tidy(() => tf.cos(tf.sin(tf.ones([64]))));
      return Promise.resolve();
    });
    expect([...kernels.keys()]).toEqual(expect.arrayContaining(['Sin', 'Cos']));
    expect(kernels.has('MatMul')).toBe(false);
    expect([...kernels.values()].reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(totalMs);
    expect(tf.getKernel('Sin', 'wasm').kernelFunc).toBe(before);
  });

  it('charges a kernel for the kernels it calls itself', async () => {
    const x = tf.ones<tf.Rank.R4>([1, 4, 4, 2]);
    const filter = tf.ones<tf.Rank.R4>([3, 3, 2, 2]);
    const gradient = (): tf.Tensor => tf.grad((image) => tf.conv2d(image as tf.Tensor4D, filter, 1, 'same'))(x);
    const { kernels } = await kernelTimes(() => {
      gradient().dispose();
      return Promise.resolve();
    });
    expect([...kernels.keys()]).toContain('Conv2DBackpropInput');
    expect([...kernels.keys()]).not.toContain('Transpose');
    tf.dispose([x, filter]);
  });

  it('restores the registry when the work throws', async () => {
    const before = tf.getKernel('Exp', 'wasm').kernelFunc;
    await expect(kernelTimes(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(tf.getKernel('Exp', 'wasm').kernelFunc).toBe(before);
  });
});

describe('kernelShares', () => {
  it('adds up to 100 percent with what is outside of kernels, largest first', () => {
    const kernels = new Map([
      ['Add', 1],
      ['Conv2D', 6],
    ]);
    expect(kernelShares({ kernels, totalMs: 10 })).toEqual([
      ['Conv2D', 60],
      ['outside kernels', 30],
      ['Add', 10],
    ]);
  });
});
