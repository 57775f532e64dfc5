import { float64Space } from '@onestep/core';
import { hostTensor, tf, toTensor, useBackend } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  colorize,
  colorizeConstraint,
  ctm,
  edit,
  eulerAncestral,
  greyWeights,
  inpaint,
  nearestInRange,
  outpaint,
  outpaintCanvas,
  reduceImages,
  superResolve,
  superResolveConstraint,
} from '../../src';
import { rightHalf, smooth, someImages } from './models';

/** float32 rounding over the few operations of a merge. */
const rounding = 1e-6;

beforeAll(async () => {
  await useBackend('cpu');
});

describe('what is known', () => {
  const sigmas = [80, 5, 0.5];

  it.each([
    ['a consistency function', { consistencyFunction: smooth, sigmas }],
    ['a denoiser', { denoiser: smooth, sigmas: [...sigmas, 0] }],
  ])('stays bit for bit in inpainting with %s, and the rest changes', async (_, model) => {
    const images = someImages([2, 6, 8, 3]);
    const mask = rightHalf(6, 8);
    const { images: result } = await inpaint(images, { ...model, mask });
    images.data.forEach((value, i) => {
      if (mask.data[Math.floor(i / 3) % 48] === 0) expect(result.data[i]).toBe(value);
      else expect(result.data[i]).not.toBe(value);
    });
  });

  it('stays bit for bit inside the margins of outpainting', async () => {
    const images = someImages([1, 3, 4, 1]);
    const margins = { top: 1, right: 2, left: 1 };
    const { images: result } = await outpaint(images, { consistencyFunction: smooth, sigmas, margins });
    expect(result.shape).toEqual([1, 4, 7, 1]);
    const inside = tf.slice(toTensor(result), [0, 1, 1, 0], [1, 3, 4, 1]);
    expect(inside.dataSync()).toEqual(images.data);
  });

  it('is the grey in colourings, within rounding, and to within a level where values are clipped', async () => {
    const grey = someImages([2, 4, 4, 1]);
    const { images: result } = await colorize(grey, { consistencyFunction: smooth, sigmas });
    expect(result.shape).toEqual([2, 4, 4, 3]);
    const clip = (value: number): number => Math.min(1, Math.max(-1, value));
    const sum = greyWeights.reduce((total, weight) => total + weight, 0);
    grey.data.forEach((value, i) => {
      const greyBy = (shown: (value: number) => number): number =>
        greyWeights.reduce((total, weight, channel) => total + weight * shown(result.data[3 * i + channel]), 0);
      expect(Math.abs(greyBy((x) => x) - sum * value)).toBeLessThan(rounding);
      expect(Math.abs(greyBy(clip) - sum * value) * 127.5).toBeLessThan(1);
    });
  });

  it.each([
    [2, [6, 8]],
    [3, [6, 8]],
    [4, [7, 5]],
    [5, [7, 11]],
    [16, [5, 6]],
  ] as const)('is the mean of every block for factor %i and size %j, cut blocks too', async (factor, size) => {
    const low = await reduceImages(someImages([2, ...size, 2]), factor);
    const { images: result } = await superResolve(low, { consistencyFunction: smooth, sigmas, factor, size });
    expect(result.shape).toEqual([2, ...size, 2]);
    const means = await reduceImages(result, factor);
    means.data.forEach((mean, i) => expect(Math.abs(mean - low.data[i])).toBeLessThan(rounding));
  });

  it('survives rounding to bytes to within a level', async () => {
    const grey = someImages([1, 8, 8, 1]);
    const { images } = await superResolve(grey, { consistencyFunction: smooth, sigmas, factor: 2 });
    const bytes = Float32Array.from(
      images.data,
      (x) => Math.min(255, Math.max(0, Math.floor(x * 127.5 + 128))) / 127.5 - 1,
    );
    const means = await reduceImages(hostTensor(bytes, images.shape), 2);
    means.data.forEach((mean, i) => expect(Math.abs(mean - grey.data[i]) * 127.5).toBeLessThan(1));
  });

  it('is not moved by merging twice', () => {
    const images = toTensor(someImages([1, 4, 6, 3]));
    const other = toTensor(someImages([1, 4, 6, 3], 2));
    const low = tf.slice(images, [0, 0, 0, 0], [1, 2, 2, 3]);
    for (const { merge } of [colorizeConstraint(images), superResolveConstraint(low, { factor: 3, size: [4, 6] })]) {
      const once = merge(other);
      const twice = merge(once).dataSync();
      once.dataSync().forEach((value, i) => expect(Math.abs(value - twice[i])).toBeLessThan(rounding));
    }
  });
});

describe('nearestInRange', () => {
  it('finds the projection on the range and the known mean', () => {
    const property = fc.property(
      fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 4, maxLength: 4 }),
      fc.float({ min: Math.fround(-0.5), max: Math.fround(0.5), noNaN: true }),
      (values, mean) => {
        const merge = (x: Float64Array): Float64Array => {
          const shift = mean - x.reduce((sum, value) => sum + value, 0) / x.length;
          return x.map((value) => value + shift);
        };
        const result = nearestInRange(merge(Float64Array.from(values)), { space: float64Space, merge, rounds: 200 });
        expect(result.reduce((sum, value) => sum + value, 0) / 4).toBeCloseTo(mean, 9);
        expect(Math.max(...result.map(Math.abs))).toBeLessThan(1 + 1e-6);
      },
    );
    fc.assert(property, { numRuns: 50 });
  });
});

describe('edit', () => {
  it('ends with exactly the known components, and clips before merging', async () => {
    const merge = (x: Float64Array): Float64Array => Float64Array.of(3, x[1]);
    const seen: number[] = [];
    const model = (x: Float64Array): Float64Array => x.map((value) => value * 10);
    const result = await edit(model, Float64Array.of(1, 1), {
      space: float64Space,
      sampler: eulerAncestral,
      sigmas: [2, 1, 0],
      clip: [-1, 1],
      merge,
      noise: () => Float64Array.of(0.1, 0.1),
      onStep: ({ denoised }) => void seen.push(...denoised),
    });
    expect([...result]).toEqual([3, 1]);
    expect(seen).toEqual([3, 1, 3, 1]);
  });

  it('refuses samplers of jumps', async () => {
    const options = { space: float64Space, sampler: ctm, sigmas: [80], merge: (x: Float64Array) => x };
    await expect(edit((x: Float64Array) => x, Float64Array.of(1), options)).rejects.toThrow('is for jumps');
  });
});

describe('edits refuse', () => {
  const model = { consistencyFunction: smooth };

  it('masks that do not fit or are not binary', async () => {
    const images = someImages([1, 4, 4, 1]);
    await expect(inpaint(images, { ...model, mask: rightHalf(4, 5) })).rejects.toThrow('mask has shape [1, 4, 5, 1]');
    const soft = hostTensor(new Float32Array(16).fill(0.5), [1, 4, 4, 1]);
    await expect(inpaint(images, { ...model, mask: soft })).rejects.toThrow('element 0 is 0.5');
  });

  it('margins, factors and sizes that cannot be', async () => {
    const images = someImages([1, 4, 4, 1]);
    expect(() => outpaintCanvas(images, {})).toThrow('all margins are 0');
    expect(() => outpaintCanvas(images, { top: -1 })).toThrow('top = -1');
    await expect(superResolve(images, { ...model, factor: 1.5 })).rejects.toThrow('factor must be an integer >= 1');
    await expect(superResolve(images, { ...model, factor: 3, size: [8, 8] })).rejects.toThrow(
      'come from 3 x 3, got 4 x 4',
    );
    await expect(colorize(someImages([1, 4, 4, 2]), model)).rejects.toThrow('1 or 3 channels, got 2');
  });
});
