import { float64Space } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { multistep, oneStep } from '../../src';
import { fakeNoise, pointMass } from '../point-mass';

const space = float64Space;
const halve = (x: Float64Array): Float64Array => x.map((value) => value / 2);

describe('multistep', () => {
  it('is one step for a single level', async () => {
    const x = Float64Array.of(80, -3);
    const options = { space, sigmas: [80] };
    expect(await multistep.sample(halve, x, options)).toEqual(await oneStep.sample(halve, x, options));
  });

  it('returns to level tau with noise of std sqrt(tau^2 - sigmaMin^2)', async () => {
    const noise = (): Float64Array => Float64Array.of(1);
    const [result] = await multistep.sample(halve, Float64Array.of(0), { space, sigmas: [80, 5], sigmaMin: 3, noise });
    expect(result).toBe(Math.sqrt(25 - 9) / 2);
  });

  it('adds tau z under the convention of ECT', async () => {
    const noise = (): Float64Array => Float64Array.of(1);
    const options = { space, sigmas: [80, 5], sigmaMin: 3, noise, renoise: 'ect' } as const;
    expect((await multistep.sample(halve, Float64Array.of(0), options))[0]).toBe(5 / 2);
  });

  it('draws once between two levels, in order', async () => {
    const asked: number[] = [];
    const noise = (k: number): Float64Array => {
      asked.push(k);
      return fakeNoise(1)(k);
    };
    await multistep.sample(pointMass([0]), Float64Array.of(80), { space, sigmas: [80, 10, 1], noise });
    expect(asked).toEqual([0, 1]);
  });

  it('evaluates a level again where it follows itself', async () => {
    const noise = (): Float64Array => Float64Array.of(1);
    const options = { space, sigmas: [80, 5, 5], sigmaMin: 3, noise };
    expect((await multistep.sample(halve, Float64Array.of(0), options))[0]).toBe((4 / 2 + 4) / 2);
  });

  it('refuses levels that increase', async () => {
    await expect(multistep.sample(halve, Float64Array.of(0), { space, sigmas: [80, 1, 2] })).rejects.toThrow(
      'multistep: sigmas must not increase, but sigmas[2] = 2 follows sigmas[1] = 1.',
    );
  });

  it('refuses a level below sigmaMin', async () => {
    await expect(multistep.sample(halve, Float64Array.of(0), { space, sigmas: [80, 0.001] })).rejects.toThrow(
      'multistep: sigmas must be >= sigmaMin = 0.002, but sigmas[1] = 0.001.',
    );
  });
});

describe('oneStep', () => {
  it('refuses more than one level', async () => {
    await expect(oneStep.sample(halve, Float64Array.of(0), { space, sigmas: [80, 1] })).rejects.toThrow(
      'Use multistep for more.',
    );
  });
});
