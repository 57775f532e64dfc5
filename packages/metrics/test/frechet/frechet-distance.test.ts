import { readSafetensors, randomStream } from '@onestep/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goldenFolder, readGoldenBytes, readGoldenJson } from '../../../../tools/workspace/golden';
import { frechetDistance, MomentStatistics } from '../../src/index';

const finite = fc.double({ min: -5, max: 5, noNaN: true });
const positive = fc.double({ min: 0.01, max: 9, noNaN: true });

describe('frechetDistance', () => {
  it('is the closed form for diagonal covariances', () => {
    const side = fc.record({ mean: fc.tuple(finite, finite), variances: fc.tuple(positive, positive) });
    fc.assert(
      fc.property(side, side, (a, b) => {
        const moments = ({ mean, variances: [x, y] }: typeof a) => ({ mean, covariance: [x, 0, 0, y] });
        const expected = [0, 1].reduce(
          (sum, i) => sum + (a.mean[i] - b.mean[i]) ** 2 + (Math.sqrt(a.variances[i]) - Math.sqrt(b.variances[i])) ** 2,
          0,
        );
        expect(frechetDistance(moments(a), moments(b))).toBeCloseTo(expected, 10);
      }),
    );
  });

  it('is zero for equal statistics, symmetric, and never negative', () => {
    const a = new MomentStatistics(12).add(randomStream(1, 'a').normal(600));
    const b = new MomentStatistics(12).add(randomStream(2, 'b').normal(600));
    expect(frechetDistance(a, a)).toBeGreaterThanOrEqual(0);
    expect(frechetDistance(a, a)).toBeLessThan(1e-12);
    expect(frechetDistance(a, b)).toBeCloseTo(frechetDistance(b, a), 10);
  });

  it('takes fewer samples than dimensions', () => {
    // Two samples each: covariances of rank one, v v^T with v = (x1 - x2) / sqrt(2).
    const a = new MomentStatistics(3).add([1, 0, 0, -1, 0, 0]);
    const b = new MomentStatistics(3).add([0, 2, 0, 0, -2, 0]);
    expect(frechetDistance(a, b)).toBeCloseTo(2 + 8, 12);
    const c = new MomentStatistics(3).add([2, 0, 0, -2, 0, 0]);
    expect(frechetDistance(a, c)).toBeCloseTo(2 + 8 - 2 * 4, 12);
  });

  it('takes a set of identical images', () => {
    const same = new MomentStatistics(2).add([1, 1, 1, 1]);
    const spread = new MomentStatistics(2).add([1, 0, 1, 2]);
    expect(frechetDistance(same, spread)).toBe(2);
  });

  it('refuses moments that do not fit', () => {
    const one = { mean: [0], covariance: [1] };
    expect(() => frechetDistance(one, { mean: [0, 0], covariance: [1, 0, 0, 1] })).toThrow('b has 2');
    expect(() => frechetDistance(one, { mean: [0], covariance: [1, 0] })).toThrow('expected d >= 1 and d^2');
    expect(() => frechetDistance({ mean: [NaN], covariance: [1] }, one)).toThrow('mean of a has NaN at 0');
  });
});

interface FeatureCase {
  readonly name: string;
  readonly dim: number;
  readonly fid_exact: number;
}

describe.runIf(goldenFolder() !== undefined)('golden Frechet distances', () => {
  it('are met to 1e-6, covariances of low rank included', () => {
    const { tensors } = readSafetensors(readGoldenBytes('metrics/features.safetensors'));
    const { cases } = readGoldenJson<{ cases: readonly FeatureCase[] }>('metrics/feature_metrics.json');
    for (const { name, dim, fid_exact } of cases) {
      const [real, fake] = ['real', 'fake'].map((side) =>
        new MomentStatistics(dim).add(tensors[`${name}.${side}`].data),
      );
      expect(frechetDistance(real, fake) / fid_exact, name).toBeCloseTo(1, 6);
    }
  });
});
