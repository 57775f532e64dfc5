import { karrasSigmas } from '@onestep/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { searchTimePoints, timePointMethods } from '../../src';

const grid = karrasSigmas(40);

/** Distance of a list to a wanted one, point by point in ln sigma. */
const towards =
  (...wanted: readonly number[]) =>
  (sigmas: readonly number[]): number =>
    sigmas.slice(1).reduce((sum, sigma) => sum + Math.min(...wanted.map((at) => Math.abs(Math.log(sigma / at)))), 0);

/** Best covering of the wanted points: falls with every one that is matched. */
const covering =
  (...wanted: readonly number[]) =>
  (sigmas: readonly number[]): number =>
    wanted.reduce((sum, at) => sum + Math.min(...sigmas.map((sigma) => Math.abs(Math.log(sigma / at)))), 0);

describe('searchTimePoints', () => {
  it.each(timePointMethods)('finds the one best middle point by %s', async (method) => {
    const { sigmas, value, evaluations } = await searchTimePoints(towards(grid[22]), { steps: 2, method });
    expect(sigmas[0]).toBe(80);
    expect(Math.abs(Math.log(sigmas[1] / grid[22]))).toBeLessThan(method === 'golden' ? 0.11 : 1e-12);
    expect(value).toBe(Math.min(...evaluations.map((evaluation) => evaluation.value)));
  });

  it.each(['log', 'karras'] as const)('searches between the levels of a grid, even in %s', async (candidates) => {
    for (const method of ['ternary', 'golden'] as const) {
      const options = { steps: 2, method, candidates, tolerance: 1e-4 };
      const { sigmas } = await searchTimePoints(towards(0.8213), options);
      expect(Math.abs(Math.log(sigmas[1] / 0.8213))).toBeLessThan(0.01);
    }
  });

  it('finds the optimum of every strictly unimodal sequence, by a number of evaluations that grows as its logarithm', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 3, max: 400 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (n, share) => {
          const levels = karrasSigmas(n);
          const best = 1 + Math.floor(share * (n - 2.001));
          const metric = ([, sigma]: readonly number[]): number => Math.abs(levels.indexOf(sigma) - best + 0.1);
          const { sigmas, evaluations } = await searchTimePoints(metric, { steps: 2, grid: levels });
          expect(sigmas).toEqual([80, levels[best]]);
          expect(evaluations.length).toBeLessThanOrEqual((2 * Math.log(n)) / Math.log(1.5) + 3);
        },
      ),
    );
  });

  it('is never beaten on a full grid, unimodal or not', async () => {
    const values = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 3, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(values, async (list) => {
        const levels = karrasSigmas(list.length);
        const metric = ([, sigma]: readonly number[]): number => list[levels.indexOf(sigma)];
        const full = await searchTimePoints(metric, { steps: 2, grid: levels, method: 'grid' });
        const ternary = await searchTimePoints(metric, { steps: 2, grid: levels });
        expect(full.value).toBe(Math.min(...list.slice(1, -1)));
        expect(full.value).toBeLessThanOrEqual(ternary.value);
        expect(full.evaluations).toHaveLength(list.length - 2);
        expect(ternary.value).toBe(Math.min(...ternary.evaluations.map(({ value }) => value)));
      }),
    );
  });

  it.each(timePointMethods)('adds points one at a time and keeps those it has, by %s', async (method) => {
    const metric = covering(grid[12], grid[20], grid[28]);
    const two = await searchTimePoints(metric, { steps: 2, method });
    const four = await searchTimePoints(metric, { steps: 4, method });
    expect(four.sigmas).toHaveLength(4);
    expect(four.sigmas).toContain(two.sigmas[1]);
    expect(four.evaluations.slice(0, two.evaluations.length)).toEqual(two.evaluations);
    expect([...four.sigmas].sort((a, b) => b - a)).toEqual(four.sigmas);
    const continued = await searchTimePoints(metric, { steps: 4, method, start: two.sigmas });
    expect(continued.sigmas).toEqual(four.sigmas);
  });

  it('never asks for the same list twice, never for an end, and tells of every evaluation', async () => {
    for (const method of timePointMethods) {
      const told: string[] = [];
      const asked: string[] = [];
      const metric = (sigmas: readonly number[]): Promise<number> => {
        asked.push(sigmas.join());
        expect(sigmas.every((sigma, i) => sigma > 0.002 && (i === 0 || sigma < sigmas[i - 1]))).toBe(true);
        return Promise.resolve(Math.sin(7 * sigmas.reduce((sum, sigma) => sum + Math.log(sigma), 0)));
      };
      const onEvaluation = ({ sigmas }: { readonly sigmas: readonly number[] }, index: number): void => {
        expect(told.push(sigmas.join())).toBe(index + 1);
      };
      const { evaluations } = await searchTimePoints(metric, { steps: 4, method, onEvaluation });
      expect(new Set(asked).size).toBe(asked.length);
      expect(told).toEqual(asked);
      expect(evaluations.map(({ sigmas }) => sigmas.join())).toEqual(asked);
    }
  });

  it('evaluates the first level alone for one step', async () => {
    const result = await searchTimePoints(() => 3, { steps: 1 });
    expect(result).toEqual({ sigmas: [80], value: 3, evaluations: [{ sigmas: [80], value: 3 }] });
  });

  it.each([NaN, Infinity, -Infinity])('refuses a metric that gives %d, naming the levels', async (value) => {
    await expect(searchTimePoints(() => value, { steps: 2, grid: [80, 1, 0.002] })).rejects.toThrow(
      `searchTimePoints: the metric gave ${value} for sigmas [80, 1], expected a finite number.`,
    );
  });

  it.each([
    [{ steps: 0 }, 'steps must be an integer >= 1, got 0'],
    [{ steps: 2.5 }, 'steps must be an integer >= 1, got 2.5'],
    [{ steps: 2, method: 'best' as never }, 'method must be one of ternary, golden, grid, got best'],
    [{ steps: 2, candidates: 'all' as never }, 'candidates must be grid, log or karras, got all'],
    [{ steps: 2, method: 'golden', candidates: 'grid' }, 'candidates must be log or karras for method golden'],
    [{ steps: 2, method: 'grid', candidates: 'log' }, 'candidates must be grid for method grid, got log'],
    [{ steps: 2, tolerance: 0 }, 'tolerance must be in (0, 1), got 0'],
    [{ steps: 2, grid: [80, 1] }, 'grid: sigmas must hold at least 3 noise levels, got 2'],
    [{ steps: 2, grid: [80, 1, 1] }, 'strictly decreasing'],
    [{ steps: 2, sigmaMin: 90 }, 'sigmaM'],
    [{ steps: 2, start: [40] }, 'start must begin with sigmaMax = 80'],
    [{ steps: 3, start: [80, 0.002] }, 'stay above sigmaMin = 0.002'],
    [{ steps: 1, start: [80, 1] }, 'steps must be an integer >= 2, got 1'],
    [{ steps: 4, method: 'golden', tolerance: 0.7 }, 'no gap is left for point'],
    [{ steps: 3, grid: [80, 1, 0.002] }, 'steps must be at most 2 on a grid of 3 levels, got 3'],
  ] as const)('refuses %o', async (options, message) => {
    const search = searchTimePoints(() => 0, options);
    await expect(search).rejects.toThrow(RangeError);
    await expect(search).rejects.toThrow(message);
  });
});
