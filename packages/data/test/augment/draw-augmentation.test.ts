import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawAugmentation, noAugmentation, type ImageAugmentation } from '../../src/index';

const transforms = {
  xFlip: ({ xFlip }: ImageAugmentation) => xFlip,
  yFlip: ({ yFlip }: ImageAugmentation) => yFlip,
  scale: ({ scale }: ImageAugmentation) => scale !== 0,
  rotate: ({ rotate }: ImageAugmentation) => rotate !== 0,
  aniso: ({ aniso }: ImageAugmentation) => aniso !== 0,
  translate: ({ translate }: ImageAugmentation) => translate[0] !== 0,
};
const batchSize = 4000;
/** Five standard deviations of the share of `batchSize` coins. */
const spread = (p: number): number => 5 * Math.sqrt((p * (1 - p)) / batchSize);
const share = (drawn: readonly ImageAugmentation[], on: (entry: ImageAugmentation) => boolean): number =>
  drawn.filter(on).length / drawn.length;

describe('drawAugmentation', () => {
  it('gives image k of the run the same draws in every batch', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.integer({ min: 1, max: 20 }), fc.nat(1e9), (imagesSeen, count, seed) => {
        const whole = drawAugmentation({ seed, imagesSeen, batchSize: count, probability: 0.5 });
        const alone = whole.flatMap((_, i) =>
          drawAugmentation({ seed, imagesSeen: imagesSeen + i, batchSize: 1, probability: 0.5 }),
        );
        expect(whole).toEqual(alone);
      }),
      { numRuns: 20 },
    );
  });

  it("switches transforms on as often as EDM's training on CIFAR-10: a coin for every x-flip, 12 in 100 for the others", () => {
    const drawn = drawAugmentation({ seed: 1, imagesSeen: 0, batchSize });
    const expected = { xFlip: 0.5, yFlip: 0.06, scale: 0.12, rotate: 0.12, aniso: 0.12, translate: 0.12 };
    for (const [name, p] of Object.entries(expected)) {
      const got = share(drawn, transforms[name as keyof typeof transforms]);
      expect(Math.abs(got - p), name).toBeLessThan(spread(p));
    }
  });

  it('draws normal scalings and shifts, uniform angles, and every other axis along x', () => {
    const drawn = drawAugmentation({ seed: 2, imagesSeen: 0, batchSize, probability: 1 });
    const numbers = {
      scale: drawn.map(({ scale }) => scale),
      aniso: drawn.map(({ aniso }) => aniso),
      x: drawn.map(({ translate }) => translate[0]),
      y: drawn.map(({ translate }) => translate[1]),
      // A uniform number in [-pi, pi) has the variance pi^2 / 3.
      rotate: drawn.map(({ rotate }) => rotate / (Math.PI / Math.sqrt(3))),
      axis: drawn.flatMap(({ anisoAngle }) => (anisoAngle === 0 ? [] : [anisoAngle / (Math.PI / Math.sqrt(3))])),
    };
    for (const [name, values] of Object.entries(numbers)) {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
      expect(Math.abs(mean), `mean of ${name}`).toBeLessThan(5 / Math.sqrt(values.length));
      expect(Math.abs(variance - 1), `variance of ${name}`).toBeLessThan(5 * Math.sqrt(2 / values.length));
    }
    const turned = share(drawn, ({ anisoAngle }) => anisoAngle !== 0);
    expect(Math.abs(turned - 0.5)).toBeLessThan(spread(0.5));
    expect(drawn.every(({ rotate }) => rotate >= -Math.PI && rotate < Math.PI)).toBe(true);
  });

  it.each(Object.keys(transforms))('changes %s alone with its multiplier, and 0 switches it off', (name) => {
    const options = { seed: 3, imagesSeen: 7, batchSize: 60, probability: 0.5 };
    const others = ({ ...entry }: ImageAugmentation) => {
      const own = name === 'aniso' ? ['aniso', 'anisoAngle'] : [name];
      return Object.entries(entry).filter(([key]) => !own.includes(key));
    };
    const off = drawAugmentation({ ...options, [name]: 0 });
    expect(off.some(transforms[name as keyof typeof transforms])).toBe(false);
    expect(off.map(others)).toEqual(drawAugmentation(options).map(others));
  });

  it('augments nothing with probability 0', () => {
    const drawn = drawAugmentation({ seed: 4, imagesSeen: 0, batchSize: 50, probability: 0 });
    expect(drawn).toEqual(drawn.map(() => noAugmentation));
  });

  it.each([
    [{ probability: 1.5 }, 'probability must be in [0, 1], got 1.5'],
    [{ probability: NaN }, 'probability must be in [0, 1], got NaN'],
    [{ rotate: -1 }, 'rotate must be >= 0, got -1'],
    [{ batchSize: 0 }, 'batchSize must be an integer >= 1, got 0'],
    [{ imagesSeen: -1 }, 'imagesSeen must be an integer >= 0, got -1'],
  ])('refuses %o', (changes, message) => {
    expect(() => drawAugmentation({ seed: 1, imagesSeen: 0, batchSize: 1, ...changes })).toThrow(message);
  });
});
