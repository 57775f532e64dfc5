import { appendZero, karrasSigmas, perImage, type Denoiser } from '@onestep/core';
import { countLeaks, tf, useBackend, type Tensor4D } from '@onestep/tensor';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { euler, oneStep, sampleRange, type ImageBatch } from '../../src';

const shape = [2, 2, 1];
const seen: number[] = [];

/** Looks at the whole batch, as a backend that rounds by shape would: the size it was called with is in every pixel. */
const shapeful: Denoiser = (x) => {
  seen.push(x.shape[0]);
  return tf.add(tf.mul(x, 1e-3), x.shape[0] / 1024);
};
const denoiser: Denoiser = (x, sigma) => tf.div(tf.tanh<Tensor4D>(x as Tensor4D), perImage(tf.add(sigma, 1), x));

async function pixelsOf(batches: AsyncIterable<ImageBatch>): Promise<{ pixels: number[]; indices: number[] }> {
  const pixels: number[] = [];
  const indices: number[] = [];
  for await (const batch of batches) {
    expect(batch.images.shape).toEqual([batch.indices.length, ...shape]);
    pixels.push(...batch.images.data);
    indices.push(...batch.indices);
  }
  return { pixels, indices };
}

describe('sampleRange', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it('gives the same bits for any cut of the stream, even if the network depends on the batch size', async () => {
    const options = { consistencyFunction: shapeful, sampler: oneStep, sigmas: [80], shape, seed: 3, batchSize: 4 };
    seen.length = 0;
    const whole = await pixelsOf(sampleRange({ ...options, from: 0, to: 15 }));
    expect(whole.indices).toEqual(Array.from({ length: 15 }, (_, i) => i));
    expect(new Set(seen)).toEqual(new Set([4]));
    const range = fc.tuple(fc.nat(15), fc.nat(15)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
    await fc.assert(
      fc.asyncProperty(range, async ([from, to]) => {
        const part = await pixelsOf(sampleRange({ ...options, from, to }));
        expect(part.indices).toEqual(whole.indices.slice(from, to));
        expect(part.pixels).toEqual(whole.pixels.slice(4 * from, 4 * to));
      }),
      { numRuns: 25 },
    );
  });

  it('gives the same bits for any batch size on backends whose rounding does not see it', async () => {
    const options = { denoiser, sampler: euler, samplerOptions: { sChurn: 3 }, sigmas: appendZero(karrasSigmas(4)) };
    const whole = await pixelsOf(sampleRange({ ...options, shape, from: 0, to: 9 }));
    for (const batchSize of [1, 2, 7]) {
      const cut = await pixelsOf(sampleRange({ ...options, shape, from: 2, to: 9, batchSize }));
      expect(cut.pixels).toEqual(whole.pixels.slice(8));
    }
  });

  it('leaves no tensor, also when the caller stops early', async () => {
    const { leaked } = await countLeaks(async () => {
      const options = { consistencyFunction: shapeful, sampler: oneStep, sigmas: [80], shape, batchSize: 2 };
      for await (const { indices } of sampleRange({ ...options, from: 1, to: 9 })) {
        if (indices[0] > 2) break;
      }
    });
    expect(leaked).toBe(0);
  });

  it.each([
    [{ from: 3, to: 2 }, '0 <= from <= to'],
    [{ from: -1, to: 2 }, '0 <= from <= to'],
    [{ from: 0, to: 1.5 }, '0 <= from <= to'],
    [{ from: 0, to: 2, batchSize: 0 }, 'batchSize must be an integer >= 1'],
  ])('refuses %j', async (range, message) => {
    const images = sampleRange({ consistencyFunction: shapeful, sampler: oneStep, sigmas: [80], shape, ...range });
    await expect(images.next()).rejects.toThrow(message);
  });
});
