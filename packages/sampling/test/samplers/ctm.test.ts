import { float64Space, gaussianFlow, karrasSigmas } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { ctm, multistep, type Model } from '../../src';
import { fakeNoise } from '../point-mass';

const space = float64Space;
const flow = gaussianFlow({ mean: [0.2, -0.1], std: 0.5 });
const start = Float64Array.of(60, -90);
const levels = karrasSigmas(6);

describe('ctm', () => {
  it('goes wherever the path goes, in any number of exact jumps', async () => {
    for (const n of [2, 3, 9]) {
      const sigmas = karrasSigmas(n);
      const result = await ctm.sample(flow, start, { space, sigmas });
      flow(start, 80, 0.002).forEach((value, i) => expect(result[i]).toBeCloseTo(value, 12));
    }
  });

  it('keeps the law of Gaussian data for every gamma', async () => {
    // Zero-mean flow is linear, so every coordinate is the coefficient of one independent source of noise.
    const centred = gaussianFlow({ mean: [0], std: 0.5 });
    const unit = (at: number) => Float64Array.from({ length: 7 }, (_, i) => (i === at ? 1 : 0));
    for (const gamma of [0, 0.3, 0.7, 1]) {
      const x = unit(0).map((value) => Math.hypot(0.5, 80) * value);
      const result = await ctm.sample(centred, x, { space, sigmas: levels, gamma, noise: (k) => unit(k + 1) });
      expect(Math.hypot(...result)).toBeCloseTo(Math.hypot(0.5, 0.002), 12);
    }
  });

  it('is multistep sampling of f = G(x, sigma, sigmaMin) at gamma 1', async () => {
    const jump: Model<Float64Array> = (x, sigma, target) => x.map((value) => Math.tanh(value + target) / (1 + sigma));
    const options = { space, noise: fakeNoise(2) };
    const result = await ctm.sample(jump, start, { ...options, sigmas: levels, gamma: 1 });
    const f: Model<Float64Array> = (x, sigma) => jump(x, sigma, 0.002);
    const expected = await multistep.sample(f, start, { ...options, sigmas: levels.slice(0, -1) });
    result.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 13));
  });

  it('aims below the next level and returns to it, but not in the last step', async () => {
    const asked: [number, number][] = [];
    const draws: number[] = [];
    const noise = (k: number): Float64Array => {
      draws.push(k);
      return Float64Array.of(1);
    };
    const jump: Model<Float64Array> = (_, sigma, target) => {
      asked.push([sigma, target]);
      return Float64Array.of(0);
    };
    const reached: number[] = [];
    const onStep = ({ next }: { next: Float64Array }): void => void reached.push(next[0]);
    const options = { space, sigmas: [80, 5, 1], gamma: 0.6, sigmaMin: 0.1, noise, onStep };
    await ctm.sample(jump, Float64Array.of(80), options);
    const target = 0.8 * (5 - 0.1) + 0.1;
    expect(asked.map(([sigma]) => sigma)).toEqual([80, 5]);
    expect(asked[0][1]).toBeCloseTo(target, 14);
    expect(asked[1][1]).toBe(1);
    expect(reached[0]).toBeCloseTo(Math.sqrt(25 - target ** 2), 13);
    expect(draws).toEqual([0]);
  });

  it('clips images, not the points on the way', async () => {
    const jump: Model<Float64Array> = () => Float64Array.of(7);
    const reached: number[] = [];
    const onStep = ({ next }: { next: Float64Array }): void => void reached.push(next[0]);
    await ctm.sample(jump, Float64Array.of(80), { space, sigmas: [80, 5, 0.002], clip: [-1, 1], onStep });
    expect(reached).toEqual([7, 1]);
  });

  it.each([
    [{ gamma: 1.5 }, 'ctm: gamma must be in [0, 1], got 1.5.'],
    [{ gamma: Number.NaN }, 'ctm: gamma must be in [0, 1], got NaN.'],
    [{ sigmaMin: 0 }, 'ctm: sigmaMin must be > 0, got 0.'],
    [
      { gamma: 0.5, sigmaMin: 30 },
      'ctm: with gamma > 0, sigmas before the last must be >= sigmaMin = 30, but sigmas[4] =',
    ],
  ])('refuses %j', async (own, message) => {
    await expect(ctm.sample(flow, start, { space, sigmas: levels, ...own })).rejects.toThrow(message);
  });
});
