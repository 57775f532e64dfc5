import { appendZero, float64Space, karrasSigmas } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { euler, heun } from '../../src';
import { fakeNoise, pointMass } from '../point-mass';

const space = float64Space;
const sigmas = appendZero(karrasSigmas(8));

describe.each([
  ['euler', euler],
  ['heun', heun],
] as const)('churn of %s', (name, sampler) => {
  it('asks for noise only in steps between sMin and sMax, by the number of the step', async () => {
    const asked: number[] = [];
    const noise = (k: number): Float64Array => {
      asked.push(k);
      return fakeNoise(1)(k);
    };
    const options = { space, sigmas, noise, sChurn: 8, sMin: 0.05, sMax: 50 };
    await sampler.sample(pointMass([0]), Float64Array.of(80), options);
    expect(asked).toEqual(sigmas.flatMap((sigma, k) => (sigma >= 0.05 && sigma <= 50 ? [k] : [])));
  });

  it('never raises a level by more than the factor sqrt(2)', async () => {
    const raised: number[] = [];
    const onStep = ({ index, sigma }: { index: number; sigma: number }): void => {
      raised.push(sigma / sigmas[index]);
    };
    await sampler.sample(pointMass([0]), Float64Array.of(80), {
      space,
      sigmas,
      noise: fakeNoise(1),
      sChurn: 1e6,
      onStep,
    });
    for (const factor of raised) expect(factor).toBeCloseTo(Math.SQRT2, 12);
  });

  it('says what is missing when noise is needed and none is given', async () => {
    await expect(sampler.sample(pointMass([0]), Float64Array.of(80), { space, sigmas, sChurn: 8 })).rejects.toThrow(
      `${name}: step 0 adds noise, but options.noise is missing.`,
    );
  });

  it.each(['sChurn', 'sMin', 'sMax', 'sNoise'])('refuses a negative %s', async (option) => {
    await expect(sampler.sample(pointMass([0]), Float64Array.of(80), { space, sigmas, [option]: -1 })).rejects.toThrow(
      `${name}: ${option} must be >= 0, got -1.`,
    );
  });
});
