import { drawMixture, gaussianMixture, isTestMixture, testMixtures } from '@onestep/core';
import { describe, expect, it } from 'vitest';

const names = Object.keys(testMixtures) as (keyof typeof testMixtures)[];

describe('testMixtures', () => {
  it('are mixtures, under the names that recipes use', () => {
    expect(names).toEqual(['mixture-2d', 'mixture-16d']);
    expect(names.map((name) => gaussianMixture(testMixtures[name]).dimensions)).toEqual([2, 16]);
    expect(isTestMixture('mixture-2d')).toBe(true);
    expect(isTestMixture('toString')).toBe(false);
  });
});

describe('drawMixture', () => {
  it('draws point i whatever else is drawn', () => {
    const mixture = testMixtures['mixture-16d'];
    const all = drawMixture(mixture, { seed: 3, count: 8 });
    expect(drawMixture(mixture, { seed: 3, first: 5, count: 2 })).toEqual(all.slice(5 * 16, 7 * 16));
    expect(drawMixture(mixture, { seed: 4, count: 8 })).not.toEqual(all);
  });

  it.each(names)('has the mean and variance of %s', (name) => {
    const { weights, means, stds } = testMixtures[name];
    const dimensions = means[0].length;
    const count = 20_000;
    const points = drawMixture(testMixtures[name], { seed: 1, count });
    for (let j = 0; j < dimensions; j += 1) {
      let [sum, squares] = [0, 0];
      for (let i = 0; i < count; i += 1) {
        sum += points[i * dimensions + j];
        squares += points[i * dimensions + j] ** 2;
      }
      const mean = weights.reduce<number>((total, weight, k) => total + weight * means[k][j], 0);
      const second = weights.reduce<number>(
        (total, weight, k) => total + weight * (means[k][j] ** 2 + stds[k] ** 2),
        0,
      );
      expect(sum / count).toBeCloseTo(mean, 1);
      expect(squares / count).toBeCloseTo(second, 1);
    }
  });

  it('refuses an empty mixture', () => {
    expect(() => drawMixture({ weights: [], means: [], stds: [] }, { seed: 0, count: 1 })).toThrow(RangeError);
  });
});
