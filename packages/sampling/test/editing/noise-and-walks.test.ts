import { gaussianMixture } from '@onestep/core';
import { hostTensor, randomStream, useBackend, type HostTensor } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  denoise,
  editingSigmas,
  estimateSigma,
  initialNoise,
  interpolateImages,
  interpolateLatents,
  multistep,
  sampleImages,
  slerp,
  strengthToSigma,
  variations,
} from '../../src';
import { smooth, someImages } from './models';

beforeAll(async () => {
  await useBackend('cpu');
});

/** A black image with a bright disc, plus noise; clipped to the range if asked. */
function disc(sigma: number, side: number, isClipped: boolean): HostTensor {
  const noise = randomStream(7, 'test.disc').normal(side * side);
  const data = noise.map((z, i) => {
    const [y, x] = [Math.floor(i / side) - side / 2, (i % side) - side / 2];
    const value = (y * y + x * x < (side * side) / 16 ? 0.9 : -1) + sigma * z;
    return isClipped ? Math.min(1, Math.max(-1, value)) : value;
  });
  return hostTensor(data, [1, side, side, 1]);
}

describe('estimateSigma', () => {
  it.each([0.02, 0.1, 0.5, 2])('finds noise of std %d to a tenth', (sigma) => {
    expect(estimateSigma(disc(sigma, 64, false))[0] / sigma).toBeCloseTo(1, 0.9);
  });

  it.each([0.1, 0.3, 0.5])('finds it to a fifth where a black background has cut half of it (%d)', (sigma) => {
    const ratio = estimateSigma(disc(sigma, 64, true))[0] / sigma;
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.2);
  });

  it('finds next to none in a clean image', () => {
    expect(estimateSigma(disc(0, 64, true))[0]).toBe(0);
  });

  it('needs 2 x 2 pixels', () => {
    expect(() => estimateSigma(someImages([1, 1, 4, 1]))).toThrow('at least 2 x 2');
  });
});

describe('denoise', () => {
  const { denoiser } = gaussianMixture({
    weights: [1, 1],
    means: [new Array<number>(64).fill(-1), new Array<number>(64).fill(0.8)],
    stds: [0.05, 0.05],
  });
  const errorOf = (result: HostTensor, value: number): number =>
    [...result.data].reduce((sum, x) => sum + (x - value) ** 2, 0) / result.data.length;
  const noisy = (isClipped: boolean): HostTensor => {
    const data = randomStream(3, 'test.noise')
      .normal(64)
      .map((z) => -1 + 0.4 * z);
    return hostTensor(isClipped ? data.map((x) => Math.max(-1, x)) : data, [1, 8, 8, 1]);
  };

  it('takes the noise out, of a level for each image', async () => {
    const { images, sigmas, nfe } = await denoise(noisy(false), { denoiser, sigma: [0.4] });
    expect(errorOf(images, -1)).toBeLessThan(0.05 ** 2);
    expect(sigmas).toEqual([0.4]);
    expect(nfe).toBe(1);
  });

  it('brings clipped noise back for the model', async () => {
    const asked: number[] = [];
    const spy: typeof denoiser = (x, sigma) => {
      asked.push([...x.dataSync()].reduce((sum, value) => sum + value, 0) / 64);
      return denoiser(x, sigma);
    };
    await denoise(noisy(true), { denoiser: spy, sigma: 0.4 });
    await denoise(noisy(true), { denoiser: spy, sigma: 0.4, wasClipped: true });
    expect(asked[0]).toBeGreaterThan(-0.9);
    expect(Math.abs(asked[1] + 1)).toBeLessThan(0.1);
  });

  it('refuses levels that cannot be', async () => {
    await expect(denoise(noisy(false), { denoiser, sigma: [1, 2] })).rejects.toThrow('one for each of 1 images, got 2');
    await expect(denoise(noisy(false), { denoiser, sigma: 100 })).rejects.toThrow('sigma must be in [0, 80], got 100');
  });
});

describe('slerp', () => {
  it('keeps the norm of two vectors of equal norm, and has them as its ends', () => {
    const vector = fc.float32Array({ minLength: 6, maxLength: 6, min: -3, max: 3, noNaN: true });
    fc.assert(
      fc.property(vector, vector, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, alpha) => {
        const norm = (x: Float32Array): number => Math.hypot(...x);
        fc.pre(norm(a) > 0.1 && norm(b) > 0.1);
        const unit = (x: Float32Array): Float32Array => x.map((value) => value / norm(x));
        const dot = unit(a).reduce((sum, value, i) => sum + value * unit(b)[i], 0);
        fc.pre(Math.abs(dot) < 0.999);
        expect(norm(slerp(unit(a), unit(b), alpha))).toBeCloseTo(1, 4);
      }),
    );
    const [a, b] = [Float32Array.of(1, 0), Float32Array.of(0, 2)];
    expect(slerp(a, b, 0)).toEqual(a);
    expect(slerp(a, b, 1)).toEqual(b);
  });

  it('is a straight line between parallel vectors, and refuses unequal lengths', () => {
    expect([...slerp(Float32Array.of(1, 1), Float32Array.of(3, 3), 0.5)]).toEqual([2, 2]);
    expect([...slerp(Float32Array.of(0, 0), Float32Array.of(0, 2), 0.5)]).toEqual([0, 1]);
    expect(() => slerp(Float32Array.of(1), Float32Array.of(1, 2), 0)).toThrow('1 and 2 values');
  });
});

describe('interpolation', () => {
  it('has the samples of both noises at its ends', async () => {
    const shape = [4, 4, 1];
    const model = { consistencyFunction: smooth, sampler: multistep, sigmas: [80, 2] };
    const latents = initialNoise({ seed: 2, indices: [5, 9], shape, sigmaMax: 80 });
    const walk = await interpolateLatents(latents, { ...model, count: 5, seed: 2, indices: [5, 5, 5, 5, 5] });
    for await (const batch of sampleImages({ ...model, shape, seed: 2, indices: [5], clip: [-1, 1] })) {
      expect(walk.images.data.subarray(0, 16)).toEqual(batch.images.data);
    }
    expect(walk.images.shape).toEqual([5, 4, 4, 1]);
  });

  it('brings both images back where they were inverted', async () => {
    const means = [
      Array.from({ length: 16 }, (_, i) => Math.cos(i)),
      Array.from({ length: 16 }, (_, i) => Math.sin(i)),
    ];
    const { denoiser } = gaussianMixture({ weights: [1, 1], means, stds: [0.3, 0.3] });
    const images = hostTensor(
      Float32Array.from(means.flat(), (value) => 0.9 * value),
      [2, 4, 4, 1],
    );
    const { images: walk } = await interpolateImages(images, { denoiser, count: 3, encode: 'invert' });
    const ends = [...walk.data.subarray(0, 16), ...walk.data.subarray(32)];
    ends.forEach((value, i) => expect(Math.abs(value - images.data[i])).toBeLessThan(0.03));
  });

  it('refuses to invert a consistency function, and fewer than two images', async () => {
    const two = someImages([2, 4, 4, 1]);
    const model = { consistencyFunction: smooth };
    await expect(interpolateImages(two, { ...model, count: 3, encode: 'invert' })).rejects.toThrow(
      'cannot be inverted',
    );
    await expect(interpolateImages(someImages([1, 4, 4, 1]), { ...model, count: 3 })).rejects.toThrow(
      'two images, got 1',
    );
    await expect(interpolateImages(two, { ...model, count: 1 })).rejects.toThrow('count must be an integer >= 2');
  });
});

describe('variations and levels', () => {
  it('departs further from the image the larger the strength', async () => {
    const image = someImages([1, 6, 6, 1]);
    const distance = async (strength: number): Promise<number> => {
      const sigmas = editingSigmas('variations', 'consistency', { strength });
      const { images } = await variations(image, {
        consistencyFunction: (x) => x.clone(),
        sigmas,
        count: 2,
        clip: [-9, 9],
      });
      return [...images.data].reduce((sum, value, i) => sum + (value - image.data[i % 36]) ** 2, 0);
    };
    expect(await distance(0.2)).toBeLessThan(await distance(0.4));
  });

  it('ends levels before sigmaMin for a consistency function, at 0 for a denoiser', () => {
    expect(editingSigmas('inpaint', 'consistency', { steps: 1 })).toEqual([80]);
    expect(editingSigmas('inpaint', 'consistency')).toHaveLength(40);
    const levels = editingSigmas('stroke', 'denoiser', { steps: 3, strength: 0.5 });
    expect(levels).toHaveLength(4);
    expect(levels.slice(-2)).toEqual([0.002, 0]);
    expect(levels[0]).toBeCloseTo(2.515, 2);
  });

  it('maps strengths to levels between the ends, and refuses others', () => {
    expect(strengthToSigma(1)).toBe(80);
    expect(strengthToSigma(1e-9)).toBeCloseTo(0.002, 6);
    for (const strength of [0, -1, 1.1, Number.NaN]) expect(() => strengthToSigma(strength)).toThrow('in (0, 1]');
    expect(() => editingSigmas('stroke', 'denoiser', { steps: 0 })).toThrow('integer >= 1');
    expect(() => editingSigmas('stroke', 'denoiser', { sigmaStart: 81 })).toThrow('sigmaStart must be in');
  });
});
