import type { Denoiser } from '@onestep/core';
import { countLeaks, tf, useBackend, type Tensor1D, type Tensor2D } from '@onestep/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guided } from '../../src';

/** Answers with the sum of each image's label row. */
const labelled: Denoiser = (x, _, condition) =>
  tf.add(tf.zerosLike(x), tf.sum(condition?.labels ?? tf.scalar(0), 1, true));

describe('guided', () => {
  let x: Tensor2D;
  let sigma: Tensor1D;
  let labels: Tensor2D;

  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.zeros([2, 1]);
    sigma = tf.ones([2]);
    labels = tf.tensor2d([
      [0, 1],
      [2, 0],
    ]);
  });
  afterAll(() => tf.dispose([x, sigma, labels]));

  it.each([0, 0.5, 1, 3])('extrapolates from no label to the label by %d', async (guidanceScale) => {
    const result = guided(labelled, guidanceScale)(x, sigma, { labels });
    expect([...(await result.data())]).toEqual([guidanceScale, 2 * guidanceScale]);
    result.dispose();
  });

  it('is the denoiser itself at scale 1', () => {
    expect(guided(labelled, 1)).toBe(labelled);
  });

  it('leaves one tensor', async () => {
    const { leaked, result } = await countLeaks(() => guided(labelled, 2)(x, sigma, { labels }));
    expect(leaked).toBe(1);
    result.dispose();
  });

  it('guides a denoiser that answers later, leaving one tensor', async () => {
    const { leaked, result } = await countLeaks(async () => {
      const now = guided(labelled, 3)(x, sigma, { labels });
      const asynchronous = guided(async (...args: Parameters<Denoiser>) => {
        await Promise.resolve();
        return tf.tidy(() => labelled(...args));
      }, 3)(x, sigma, { labels });
      const values = await (await asynchronous).data();
      (await asynchronous).dispose();
      return { now, values };
    });
    expect([...result.values]).toEqual([...(await result.now.data())]);
    expect(leaked).toBe(1);
    result.now.dispose();
  });

  it('asks for labels', () => {
    expect(() => guided(labelled, 2)(x, sigma)).toThrow('condition.labels is missing');
  });

  it.each([-1, Number.NaN, Infinity])('refuses the scale %d', (guidanceScale) => {
    expect(() => guided(labelled, guidanceScale)).toThrow(RangeError);
  });
});
