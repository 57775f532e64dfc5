import { ctmPreconditioning, karrasSigmas, perImage, type Denoiser, type JumpFunction } from '@onestep/core';
import { countLeaks, tf, useBackend } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ctm,
  dpmSolverAdaptive,
  dpmSolverFast,
  heun,
  multistep,
  sampleImages,
  type ImageBatch,
  type ImageModel,
  type Sampler,
} from '../../src';

const shape = [4, 4, 1];
const denoiser: Denoiser = (x, sigma) => tf.div(tf.tanh(x), perImage(tf.add(tf.square(sigma), 1), x));
/** A jump as CTM builds it, around a stand-in for the network. */
const jumpFunction: JumpFunction = (x, sigma, s, condition) =>
  tf.tidy(() => {
    const { jump } = ctmPreconditioning();
    if (jump === undefined) throw new Error('no jump');
    const { cSkip, cOut, cIn, cNoise2 } = jump.tensors(sigma, s);
    const labels =
      condition?.labels === undefined ? tf.scalar(0) : tf.reshape(tf.sum(condition.labels, 1), [-1, 1, 1, 1]);
    const network = tf.add(tf.mul(tf.tanh(tf.mul(x, perImage(cIn, x))), perImage(cNoise2, x)), labels);
    return tf.add(tf.mul(x, perImage(cSkip, x)), tf.mul(network, perImage(cOut, x)));
  });

async function collect(batches: AsyncIterable<ImageBatch>): Promise<{ pixels: number[]; nfe: number[] }> {
  const pixels: number[] = [];
  const nfe: number[] = [];
  for await (const batch of batches) {
    expect(batch.images.shape).toEqual([batch.indices.length, ...shape]);
    pixels.push(...batch.images.data);
    nfe.push(batch.nfe);
  }
  return { pixels, nfe };
}

beforeAll(async () => {
  await useBackend('cpu');
});

describe('sampleImages with a jump function', () => {
  const options = { jumpFunction, sampler: ctm, sigmas: karrasSigmas(4), shape, seed: 4 };
  const samplerOptions = { gamma: 0.5 };

  it('gives every image the same pixels however the batches are cut, and leaves no tensor', async () => {
    const { leaked, result } = await countLeaks(async () => {
      const whole = await collect(sampleImages({ ...options, samplerOptions, count: 5, batchSize: 5 }));
      const cut = await collect(sampleImages({ ...options, samplerOptions, count: 5, batchSize: 2 }));
      return { whole, cut };
    });
    expect(result.cut.pixels).toEqual(result.whole.pixels);
    expect(result.cut.nfe).toEqual([3, 3, 3]);
    expect(leaked).toBe(0);
  });

  it('is guided by labels at twice the calls', async () => {
    const labelled = { ...options, count: 2, numClasses: 2, label: () => 1 };
    const plain = await collect(sampleImages(labelled));
    const guided = await collect(sampleImages({ ...labelled, guidanceScale: 2 }));
    expect(guided.nfe).toEqual([6]);
    expect(guided.pixels).not.toEqual(plain.pixels);
  });
});

describe('sampleImages with a sampler that chooses its levels', () => {
  it('takes the first and the last level alone, and what the sampler wants beside them', async () => {
    const options = { denoiser, sampler: dpmSolverFast, sigmas: [80, 0.002], shape, count: 3 };
    const { nfe } = await collect(sampleImages({ ...options, samplerOptions: { nfe: 10 } }));
    expect(nfe).toEqual([10]);
  });

  it('samples images one at a time where they would depend on each other', async () => {
    const options = { denoiser, sampler: dpmSolverAdaptive, sigmas: [80, 0.002], shape, seed: 1 };
    const whole = await collect(sampleImages({ ...options, count: 4, batchSize: 4 }));
    const cut = await collect(sampleImages({ ...options, count: 4, batchSize: 3 }));
    const alone = await collect(sampleImages({ ...options, indices: [3] }));
    expect(cut.pixels).toEqual(whole.pixels);
    expect(alone.pixels).toEqual(whole.pixels.slice(3 * 16));
    // Each count is that of one image, or the mean of a few.
    const [first, last] = cut.nfe;
    expect(alone.nfe).toEqual([last]);
    expect(Number.isInteger(last)).toBe(true);
    expect(whole.nfe[0]).toBeCloseTo((3 * first + last) / 4, 12);
  });
});

describe('sampleImages', () => {
  const consistencyFunction = denoiser;
  it.each([
    [
      heun,
      { jumpFunction },
      'sampler "heun" needs a denoiser, since it follows the path by the mean of the data at each level, ' +
        'but got a jumpFunction. Pass one, or choose another sampler.',
    ],
    [
      ctm,
      { denoiser },
      'sampler "ctm" needs a jumpFunction, since it asks for points between the levels, but got a denoiser.',
    ],
    [
      multistep,
      { jumpFunction },
      'sampler "multistep" needs a consistencyFunction, since it takes each answer for the end of the path, ' +
        'but got a jumpFunction. Pass consistencyFromJump(jumpFunction, sigmaMin), or choose another sampler.',
    ],
    [heun, { consistencyFunction }, 'but got a consistencyFunction'],
    [heun, {} as ImageModel, 'but got no model'],
  ] as [Sampler, ImageModel, string][])('refuses kinds of model that the sampler is not made for', async (...row) => {
    const [sampler, model, message] = row;
    const images = sampleImages({ ...model, sampler, sigmas: [80, 1], shape, count: 1 });
    await expect(images.next()).rejects.toThrow(message);
  });
});
