import fc from 'fast-check';
import { hostTensor, randomStream, type HostTensor } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import {
  augmentationLabels,
  augmentationLabelWidth,
  augmentImages,
  drawAugmentation,
  noAugmentation,
  type ImageAugmentation,
} from '../../src/index';
import { edmCases } from './edm-cases';

const cases = edmCases().map((entry) => [entry.images.shape.slice(1).join(' x '), entry] as const);

/**
 * The reference ran in double precision with the filter rounded to float32, ours has the filter in doubles; both results are
 * rounded to float32, which has steps of 1.2e-7 in [1, 2).
 */
const reference = 5e-7;
/** Beyond its margins the reference has zeros where an image alone needs a little more: the filter's faint ends. */
const ends = 1e-5;

const noise = (shape: readonly number[], seed = 1): HostTensor => {
  const size = shape.reduce((product, length) => product * length, 1);
  return hostTensor(
    randomStream(seed, 'test.augment')
      .uniform(size)
      .map((value) => 2 * value - 1),
    shape,
  );
};
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
const one = (changes: Partial<ImageAugmentation>): ImageAugmentation => ({ ...noAugmentation, ...changes });

describe('augmentImages', () => {
  it.each(cases)(
    'makes of images of %s what the reference makes of them',
    (_, { images, augmentation, wide, labels }) => {
      const got = augmentImages(images, augmentation);
      expect(got.images.shape).toEqual(images.shape);
      expect(furthest(got.images.data, wide)).toBeLessThan(reference);
      expect(furthest(got.labels.data, labels.flat())).toBeLessThan(1e-7);
    },
  );

  it('does the same whatever else is in the batch, as the reference does but for the ends of its filter', () => {
    for (const [, { images, augmentation, alone }] of cases) {
      const whole = augmentImages(images, augmentation).images.data;
      const size = images.data.length / augmentation.length;
      augmentation.forEach((own, i) => {
        const image = hostTensor(images.data.slice(i * size, (i + 1) * size) as Float32Array, [
          1,
          ...images.shape.slice(1),
        ]);
        expect(augmentImages(image, [own]).images.data).toEqual(whole.slice(i * size, (i + 1) * size));
      });
      if (alone !== undefined) expect(furthest(whole, alone)).toBeLessThan(ends);
    }
  });

  it('leaves images that are not resampled as they are, bit for bit, and mirrors exactly', () => {
    const images = noise([4, 3, 4, 2]);
    const before = images.data.slice();
    const flips = [one({}), one({ xFlip: true }), one({ yFlip: true }), one({ xFlip: true, yFlip: true })];
    const got = augmentImages(images, flips).images.data;
    const at = (i: number, y: number, x: number, c: number): number => ((i * 3 + y) * 4 + x) * 2 + c;
    for (let i = 0; i < 4; i += 1) {
      for (let y = 0; y < 3; y += 1) {
        for (let x = 0; x < 4; x += 1) {
          const from = at(i, flips[i].yFlip ? 2 - y : y, flips[i].xFlip ? 3 - x : x, 1);
          expect(got[at(i, y, x, 1)]).toBe(before[from]);
        }
      }
    }
    expect(images.data).toEqual(before);
  });

  it('moves an image by whole pixels to the right and down, and continues it by reflection', () => {
    fc.assert(
      fc.property(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }), (right, down) => {
        const [height, width] = [8, 11];
        const images = noise([1, height, width, 1]);
        const translate = [(8 * right) / width, (8 * down) / height] as const;
        const got = augmentImages(images, [one({ translate })]).images.data;
        const mirrored = (place: number, size: number): number => {
          const back = Math.abs(place);
          return back < size ? back : 2 * (size - 1) - back;
        };
        for (let y = 0; y < height; y += 1) {
          for (let x = 0; x < width; x += 1) {
            const from = mirrored(y - down, height) * width + mirrored(x - right, width);
            expect(Math.abs(got[y * width + x] - images.data[from])).toBeLessThan(1e-6);
          }
        }
      }),
    );
  });

  it('leaves a uniform image uniform as far as its reflection reaches, and has mid-grey beyond', () => {
    const images = hostTensor(new Float32Array(2 * 144).fill(0.75), [2, 12, 12, 1]);
    const turned = one({ rotate: 1, aniso: -1, anisoAngle: 2, scale: 0.5 });
    const got = augmentImages(images, [turned, one({ translate: [20, 0] })]).images.data;
    expect(furthest(got.slice(0, 144), images.data)).toBeLessThan(1e-6);
    expect(furthest(got.slice(144), new Float32Array(144))).toBe(0);
  });

  it('shrinks with negative and enlarges with positive scalings, by a fifth of an octave each', () => {
    // A disc of radius 4 in 32 x 32; its area follows the square of the factor.
    const disc = Float32Array.from({ length: 1024 }, (_, i) => {
      const r = Math.hypot((i % 32) - 15.5, Math.floor(i / 32) - 15.5);
      return Math.min(1, Math.max(0, 4.5 - r));
    });
    // Of the middle: a smaller image has others beside it, its reflections.
    const inMiddle = (place: number): boolean => Math.abs(place - 15.5) < 10;
    const area = (data: ArrayLike<number>): number =>
      Array.from(data).reduce(
        (sum, value, i) => (inMiddle(i % 32) && inMiddle(Math.floor(i / 32)) ? sum + value : sum),
        0,
      );
    for (const scale of [-5, 5]) {
      const got = augmentImages(hostTensor(disc, [1, 32, 32, 1]), [one({ scale })]).images.data;
      expect(area(got) / area(disc)).toBeCloseTo(4 ** Math.sign(scale), 1);
    }
    const stretched = augmentImages(hostTensor(disc, [1, 32, 32, 1]), [one({ aniso: 5, anisoAngle: 0.7 })]).images.data;
    expect(area(stretched) / area(disc)).toBeCloseTo(1, 1);
  });

  it('takes any drawn augmentation to finite images of the same size', () => {
    const images = noise([64, 5, 7, 3]);
    const augmentation = drawAugmentation({ seed: 9, imagesSeen: 0, batchSize: 64, probability: 1 });
    const got = augmentImages(images, augmentation);
    expect(got.images.data.every((value) => Math.abs(value) < 4)).toBe(true);
    expect(got.labels.shape).toEqual([64, augmentationLabelWidth]);
  });

  it('refuses another number of entries than images', () => {
    expect(() => augmentImages(noise([2, 4, 4, 1]), [noAugmentation])).toThrow(
      'images must be [1, H, W, C], one for each entry, got [2, 4, 4, 1]',
    );
    expect(() => augmentImages(noise([4, 4]), [])).toThrow(RangeError);
  });
});

describe('augmentationLabels', () => {
  it('has the order of the reference, and zeros for an image as it is', () => {
    const augmentation: ImageAugmentation = {
      xFlip: true,
      yFlip: true,
      scale: 0.5,
      rotate: Math.PI / 2,
      aniso: 2,
      anisoAngle: Math.PI,
      translate: [3, -4],
    };
    const { data, shape } = augmentationLabels([augmentation, noAugmentation]);
    expect(shape).toEqual([2, 9]);
    expect(furthest(data, [1, 1, 0.5, -1, 1, -2, 0, 3, -4, ...new Float32Array(9)])).toBeLessThan(1e-7);
  });
});
