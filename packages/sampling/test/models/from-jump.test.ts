import type { JumpFunction } from '@onestep/core';
import { countLeaks, tf, useBackend, type Tensor } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromJump, guidedJump } from '../../src';

/** sigma + 100 s + the sum of the image's label row. */
const jump: JumpFunction = (x, sigma, s, condition) =>
  tf.tidy(() => {
    const labels = tf.sum(condition?.labels ?? tf.zeros([x.shape[0], 1]), 1);
    const value = tf.add(tf.add(sigma, tf.mul(s, 100)), labels);
    return tf.add(tf.zerosLike(x), tf.reshape(value, [-1, 1]));
  });
const later = async (...args: Parameters<JumpFunction>): Promise<Tensor> => {
  await Promise.resolve();
  return jump(...args);
};

describe('fromJump', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it.each([
    ['at once', jump],
    ['later', later],
  ])('hands a jump that answers %s both levels, once per image, and frees them', async (_, answer) => {
    const x = tf.zeros([2, 1]);
    const { leaked, result } = await countLeaks(async () => fromJump(answer)(x, 3, 0.5));
    expect([...(await result.data())]).toEqual([53, 53]);
    expect(leaked).toBe(1);
    tf.dispose([x, result]);
  });

  it('leaves nothing when the jump throws', async () => {
    const x = tf.zeros([2, 1]);
    const { leaked } = await countLeaks(() => {
      expect(() =>
        fromJump(() => {
          throw new Error('no way');
        })(x, 3, 1),
      ).toThrow('no way');
    });
    expect(leaked).toBe(0);
    x.dispose();
  });

  it('passes the condition on', async () => {
    const x = tf.zeros([2, 1]);
    const labels = tf.tensor2d([
      [0, 1000],
      [2000, 0],
    ]);
    const result = await fromJump(jump, { labels })(x, 3, 0);
    expect([...(await result.data())]).toEqual([1003, 2003]);
    tf.dispose([x, labels, result]);
  });
});

describe('guidedJump', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it.each([
    ['at once', jump],
    ['later', later],
  ])('extrapolates a jump that answers %s from no label to the label', async (_, answer) => {
    const x = tf.zeros([2, 1]);
    const labels = tf.tensor2d([
      [0, 1000],
      [2000, 0],
    ]);
    const { leaked, result } = await countLeaks(async () => fromJump(guidedJump(answer, 3), { labels })(x, 3, 0.5));
    expect([...(await result.data())]).toEqual([3053, 6053]);
    expect(leaked).toBe(1);
    tf.dispose([x, labels, result]);
  });

  it('is the jump itself at scale 1', () => {
    expect(guidedJump(jump, 1)).toBe(jump);
  });

  it('refuses a scale that is none, under its own name', () => {
    expect(() => guidedJump(jump, -1)).toThrow('guidedJump: guidanceScale must be finite and >= 0, got -1.');
  });
});
