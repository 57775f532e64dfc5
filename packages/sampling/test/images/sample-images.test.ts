import { appendZero, karrasSigmas, perImage, type Denoiser } from '@onestep/core';
import { countLeaks, tf, useBackend, type Tensor4D } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { euler, heun, multistep, oneStep, sampleImages, type ImageBatch } from '../../src';

const shape = [4, 4, 1];

/** A small convolution, so that images are mixed within themselves and, if something is wrong, across the batch. */
const kernel = Array.from({ length: 9 }, (_, i) => Math.cos(i + 1) / 4);
const denoiser: Denoiser = (x, sigma) => {
  const smooth = tf.conv2d(tf.tanh<Tensor4D>(x as Tensor4D), tf.tensor4d(kernel, [3, 3, 1, 1]), 1, 'same');
  return tf.div(smooth, perImage(tf.add(tf.square(sigma), 1), x));
};
const labelled: Denoiser = (x, _, condition) => {
  const labels = condition?.labels ?? tf.zeros([x.shape[0], 2]);
  const levels = tf.matMul(labels, tf.tensor2d([[0.25], [0.5]]));
  return tf.add(tf.zerosLike(x), tf.reshape(levels, [-1, 1, 1, 1]));
};

async function collect(
  batches: AsyncIterable<ImageBatch>,
): Promise<{ pixels: number[]; indices: number[]; nfe: number[] }> {
  const pixels: number[] = [];
  const indices: number[] = [];
  const nfe: number[] = [];
  for await (const batch of batches) {
    pixels.push(...batch.images.data);
    indices.push(...batch.indices);
    nfe.push(batch.nfe);
  }
  return { pixels, indices, nfe };
}

describe.each(['cpu', 'wasm'] as const)('sampleImages on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it('gives every image the same pixels however the batches are cut', async () => {
    const options = { denoiser, sampler: heun, sigmas: appendZero(karrasSigmas(5)), shape, seed: 4 };
    const samplerOptions = { sChurn: 4 };
    const whole = await collect(sampleImages({ ...options, samplerOptions, count: 7, batchSize: 7 }));
    for (const batchSize of [1, 2, 3]) {
      const cut = await collect(sampleImages({ ...options, samplerOptions, count: 7, batchSize }));
      expect(cut.pixels).toEqual(whole.pixels);
    }
    const some = await collect(sampleImages({ ...options, samplerOptions, indices: [5, 2] }));
    expect(some.pixels).toEqual([...whole.pixels.slice(5 * 16, 6 * 16), ...whole.pixels.slice(2 * 16, 3 * 16)]);
  });

  it('leaves no tensor, also when the caller stops early', async () => {
    const options = {
      consistencyFunction: denoiser,
      sampler: multistep,
      sigmas: [80, 1],
      shape,
      count: 6,
      batchSize: 2,
    };
    const { leaked } = await countLeaks(async () => {
      await collect(sampleImages(options));
      for await (const { images } of sampleImages(options)) {
        expect(images.shape).toEqual([2, ...shape]);
        break;
      }
    });
    expect(leaked).toBe(0);
  });
});

describe('sampleImages', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it('reports the network calls per image and the progress', async () => {
    const done: number[] = [];
    const { nfe, indices } = await collect(
      sampleImages({
        denoiser,
        sampler: heun,
        sigmas: appendZero(karrasSigmas(4)),
        shape,
        count: 5,
        batchSize: 2,
        onBatch: (progress) => done.push(progress.done),
      }),
    );
    expect(nfe).toEqual([7, 7, 7]);
    expect(indices).toEqual([0, 1, 2, 3, 4]);
    expect(done).toEqual([2, 4, 5]);
  });

  it('hands each image its own label', async () => {
    const { pixels } = await collect(
      sampleImages({
        consistencyFunction: labelled,
        sampler: oneStep,
        sigmas: [80],
        shape: [1, 1, 1],
        count: 3,
        batchSize: 2,
        numClasses: 2,
        label: (index) => (index === 2 ? undefined : index),
      }),
    );
    expect(pixels).toEqual([0.25, 0.5, 0]);
  });

  it('counts both network calls of guidance', async () => {
    const { pixels, nfe } = await collect(
      sampleImages({
        denoiser: labelled,
        sampler: euler,
        sigmas: [80, 0],
        shape: [1, 1, 1],
        count: 1,
        numClasses: 2,
        label: () => 1,
        guidanceScale: 3,
      }),
    );
    expect(nfe).toEqual([2]);
    expect(pixels).toEqual([1.5]);
  });

  it.each([
    [{ count: 1, indices: [1] }, 'pass either count or indices'],
    [{}, 'pass either count or indices'],
    [{ count: -1 }, 'count must be an integer >= 0'],
    [{ count: 1, batchSize: 0 }, 'batchSize must be an integer >= 1'],
    [{ count: 1, label: () => 0 }, 'label is given, but numClasses is 0'],
    [{ count: 1, sampler: oneStep }, 'sampler "one-step" needs a consistencyFunction'],
  ])('refuses %j', async (options, message) => {
    const images = sampleImages({ denoiser, sampler: heun, sigmas: [80, 0], shape, ...options });
    await expect(images.next()).rejects.toThrow(message);
  });
});
