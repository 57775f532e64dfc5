import { appendZero, float64Space, gaussianFlow, gaussianMixture, karrasSigmas } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { countCalls, dpmSolverFast, euler } from '../../src';
import { fakeNoise, pointMass } from '../point-mass';

const space = float64Space;
const model = (x: Float64Array, sigma: number): Float64Array => x.map((value) => Math.tanh(value / (1 + sigma)));
const ends = [80, 0.002];
const start = Float64Array.of(60, -90);

describe('dpmSolverFast', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 20])('spends a budget of %i calls to the last', async (nfe) => {
    for (const sigmas of nfe === 1 ? [ends] : [ends, [...ends, 0]]) {
      const { call, calls } = countCalls(model);
      await dpmSolverFast.sample(call, start, { space, sigmas, nfe });
      expect(calls()).toBe(nfe);
      expect(dpmSolverFast.nfe({ sigmas, nfe })).toBe(nfe);
    }
  });

  it.each([
    [7, [3, 3, 1]],
    [8, [3, 3, 2]],
    [9, [3, 3, 2, 1]],
  ])('splits %i calls into steps of order %j, even in ln sigma', async (nfe, orders) => {
    const levels: number[] = [];
    const counted: number[] = [];
    const { call, calls } = countCalls(model);
    const onStep = ({ sigmaNext }: { sigmaNext: number }): void => {
      levels.push(sigmaNext);
      counted.push(calls());
    };
    await dpmSolverFast.sample(call, start, { space, sigmas: ends, nfe, onStep });
    expect(counted.map((value, i) => value - (counted[i - 1] ?? 0))).toEqual(orders);
    levels.forEach((level, i) => {
      expect(Math.log(80 / level)).toBeCloseTo((Math.log(80 / 0.002) * (i + 1)) / orders.length, 11);
    });
  });

  it('depends on the ends of the list alone', async () => {
    const options = { space, nfe: 11 };
    expect(await dpmSolverFast.sample(model, start, { ...options, sigmas: appendZero(karrasSigmas(9)) })).toEqual(
      await dpmSolverFast.sample(model, start, { ...options, sigmas: [...ends, 0] }),
    );
  });

  it('converges with order 3 where the last step is of order 2', async () => {
    const gaussian = { mean: [0.3, -0.2], std: 0.5 };
    const { denoise } = gaussianMixture({ weights: [1], means: [gaussian.mean], stds: [gaussian.std] });
    const sigmas = [5, 0.1];
    const exact = gaussianFlow(gaussian)(start, 5, 0.1);
    const errorOf = async (nfe: number): Promise<number> => {
      const result = await dpmSolverFast.sample(denoise, start, { space, sigmas, nfe });
      return Math.max(...exact.map((truth, i) => Math.abs(result[i] - truth)));
    };
    // 100 and 200 steps.
    expect(Math.log2((await errorOf(299)) / (await errorOf(599)))).toBeCloseTo(3, 1);
  });

  it('is Euler in ln sigma with maxOrder 1', async () => {
    const result = await dpmSolverFast.sample(model, start, { space, sigmas: [8, 0.5], nfe: 4, maxOrder: 1 });
    const expected = await euler.sample(model, start, { space, sigmas: [8, 4, 2, 1, 0.5] });
    expected.forEach((value, i) => expect(result[i]).toBeCloseTo(value, 11));
  });

  it('adds noise with eta, but none below the last level', async () => {
    const taken: number[] = [];
    const noise = (k: number): Float64Array => {
      taken.push(k);
      return fakeNoise(2)(k);
    };
    await dpmSolverFast.sample(model, start, { space, sigmas: ends, nfe: 7, eta: 1, noise });
    expect(taken).toEqual([0, 1]);
  });

  it.each([
    [{ sigmas: ends, nfe: 0 }, 'dpmSolverFast: nfe must be an integer in [1, Infinity], got 0.'],
    [{ sigmas: [80, 0.002, 0], nfe: 1 }, 'dpmSolverFast: nfe must be at least 2 to end at 0, got 1.'],
    [{ sigmas: [80, 0], nfe: 5 }, 'dpmSolverFast: nfe must be 1, since sigmas holds one level above 0, got 5.'],
    [{ sigmas: ends, maxOrder: 4 as 3 }, 'dpmSolverFast: maxOrder must be an integer in [1, 3], got 4.'],
    [{ sigmas: ends, eta: -1 }, 'dpmSolverFast: eta must be >= 0, got -1.'],
  ])('refuses %j', async (own, message) => {
    await expect(dpmSolverFast.sample(pointMass([0]), start, { space, ...own })).rejects.toThrow(message);
  });
});
