import type { Denoiser } from '@onestep/core';
import { countLeaks, hostTensor, randomStream, tf, useBackend, type HostTensor } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  colorize,
  denoise,
  heun,
  inpaint,
  interpolateImages,
  interpolateLatents,
  outpaint,
  strokeGuided,
  superResolve,
  variations,
  type EditedImages,
  type EditImagesOptions,
} from '../../src';
import { blackOrWhite, later, rightHalf, smooth, someImages } from './models';

type Run = (count: number, options: EditImagesOptions) => Promise<EditedImages>;

/** The first `count` of five images. */
function first({ shape, data }: HostTensor, count: number): HostTensor {
  const size = data.length / shape[0];
  return hostTensor(Float32Array.from(data.subarray(0, count * size)), [count, ...shape.slice(1)]);
}

const grey = someImages([5, 6, 8, 1]);
const colour = someImages([5, 6, 8, 3]);
const mask = rightHalf(6, 8);

/** Every edit, on the first images of five. */
const edits: Readonly<Record<string, Run>> = {
  inpaint: (count, options) => inpaint(first(grey, count), { ...options, mask }),
  outpaint: (count, options) => outpaint(first(grey, count), { ...options, margins: { left: 2, bottom: 3 } }),
  colorize: (count, options) => colorize(first(colour, count), options),
  superResolve: (count, options) => superResolve(first(grey, count), { ...options, factor: 3, size: [17, 22] }),
  denoise: (count, { sigmas, ...options }) =>
    denoise(first(grey, count), { ...options, wasClipped: sigmas !== undefined }),
  strokeGuided: (count, options) => strokeGuided(first(grey, count), options),
  variations: (count, options) => variations(first(grey, 1), { ...options, count }),
};

beforeAll(async () => {
  await useBackend('wasm');
});

describe.each(Object.entries(edits))('%s', (_, run) => {
  const sigmas = [80, 5, 0.5];

  it('gives every image the same pixels whatever is beside it', async () => {
    const options = { consistencyFunction: smooth, seed: 3, sigmas };
    const whole = await run(5, { ...options, batchSize: 5 });
    const cut = await run(5, { ...options, batchSize: 2 });
    const few = await run(3, options);
    expect(cut.images.data).toEqual(whole.images.data);
    expect(few.images.data).toEqual(first(whole.images, 3).data);
  });

  it('works with a model that answers later, and with a denoiser', async () => {
    const now = await run(2, { consistencyFunction: smooth, sigmas });
    const afterwards = await run(2, { consistencyFunction: later, sigmas });
    expect(afterwards.images.data).toEqual(now.images.data);
    const denoised = await run(2, { denoiser: later, sigmas: [...sigmas, 0] });
    expect(denoised.images.data.every(Number.isFinite)).toBe(true);
  });

  it('leaves no tensor, also when the model fails half way', async () => {
    const broken = (fails: number) => {
      let calls = 0;
      return (...[x, sigma]: Parameters<typeof smooth>) => {
        calls += 1;
        if (calls > fails) throw new Error('broken');
        return smooth(x, sigma);
      };
    };
    const { leaked } = await countLeaks(async () => {
      await run(3, { consistencyFunction: smooth, sigmas, batchSize: 2 });
      await run(3, { consistencyFunction: later, sigmas, numClasses: 2, label: 'guess' });
      await expect(run(3, { consistencyFunction: broken(0), sigmas })).rejects.toThrow('broken');
      await expect(
        run(3, { consistencyFunction: broken(1), sigmas, batchSize: 1, numClasses: 2, label: 'guess' }),
      ).rejects.toThrow('broken');
    });
    expect(leaked).toBe(0);
  });

  it('has a preset for both kinds of model', async () => {
    const { nfe } = await run(1, { consistencyFunction: smooth });
    expect(nfe).toBeGreaterThan(0);
    expect((await run(1, { denoiser: smooth })).nfe).toBeGreaterThan(0);
  });
});

describe('every edit', () => {
  it.each(Object.entries(edits).filter(([name]) => name !== 'denoise'))(
    '%s gives another result for another seed, the same for the same',
    async (_, run) => {
      const options = { consistencyFunction: smooth, sigmas: [80, 5, 0.5] };
      const [one, same, other] = await Promise.all([
        run(1, { ...options, seed: 1 }),
        run(1, { ...options, seed: 1 }),
        run(1, { ...options, seed: 2 }),
      ]);
      expect(same.images.data).toEqual(one.images.data);
      expect(other.images.data).not.toEqual(one.images.data);
    },
  );

  it('refuses a sampler of another kind, images that are no images, and indices that do not fit', async () => {
    await expect(strokeGuided(grey, { consistencyFunction: smooth, sampler: heun })).rejects.toThrow(
      'stroke: sampler "heun" needs a denoiser, and the model is a consistency function.',
    );
    const flat = hostTensor(new Float32Array(4), [2, 2]);
    await expect(strokeGuided(flat, { consistencyFunction: smooth })).rejects.toThrow('shape [B, H, W, C], got [2, 2]');
    const holed = hostTensor(Float32Array.of(0, Number.NaN), [1, 1, 2, 1]);
    await expect(strokeGuided(holed, { consistencyFunction: smooth })).rejects.toThrow('element 1 is NaN');
    await expect(strokeGuided(grey, { consistencyFunction: smooth, indices: [1] })).rejects.toThrow('each of 5 images');
    await expect(strokeGuided(grey, { consistencyFunction: smooth, label: () => 1 })).rejects.toThrow(
      'numClasses is 0',
    );
  });

  it('guesses the class that agrees with what is known', async () => {
    const halves = Float32Array.from({ length: 2 * 16 }, (_, i) => (i < 16 ? 0.8 : -0.8));
    const images = hostTensor(halves, [2, 4, 4, 1]);
    const common = { consistencyFunction: blackOrWhite, numClasses: 2, label: 'guess' } as const;
    expect((await inpaint(images, { ...common, mask: rightHalf(4, 4) })).labels).toEqual([1, 0]);
    expect((await strokeGuided(images, common)).labels).toEqual([1, 0]);
    expect((await denoise(images, { ...common, sigma: 0.1 })).labels).toEqual([1, 0]);
    expect((await interpolateImages(images, { ...common, count: 4 })).labels).toEqual([1, 1, 0, 0]);
  });

  it('is not taken in by a class that leaves the noise where it is', async () => {
    const model: Denoiser = (x, sigma, condition) =>
      tf.tidy(() => {
        const share = tf.reshape(
          tf.slice(condition?.labels ?? tf.zeros([x.shape[0], 2]), [0, 1], [-1, 1]),
          [-1, 1, 1, 1],
        );
        return tf.add(tf.mul(x, tf.sub(1, share)), tf.mul(blackOrWhite(x, sigma, condition), share));
      });
    const clean = hostTensor(new Float32Array(64).fill(0.9), [1, 8, 8, 1]);
    const noise = randomStream(3, 'test.noise').normal(64);
    const noisy = hostTensor(
      Float32Array.from(clean.data, (value, i) => value + 0.5 * noise[i]),
      clean.shape,
    );
    const { labels } = await denoise(noisy, {
      consistencyFunction: model,
      sigma: 0.5,
      numClasses: 2,
      label: 'guess',
      clip: [-4, 4],
    });
    expect(labels).toEqual([1]);
  });

  it('refuses to guess a class of noise', async () => {
    const options = { consistencyFunction: smooth, count: 3, numClasses: 2, label: 'guess' } as const;
    await expect(interpolateLatents(someImages([2, 4, 4, 1]), options)).rejects.toThrow('noise has no class');
  });
});
