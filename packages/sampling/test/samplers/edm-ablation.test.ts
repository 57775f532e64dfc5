import {
  appendZero,
  float64Space,
  gaussianMixture,
  karrasSigmas,
  rectifiedFlowSchedule,
  trigSchedule,
  veSchedule,
  vpSchedule,
} from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { edmAblation, euler, heun, type EdmAblationOptions } from '../../src';
import { exactFlow } from '../exact-flow';
import { fakeNoise } from '../point-mass';

const space = float64Space;
const start = Float64Array.of(7, -4, 1, 2, -9, 0.5);
// Not a single Gaussian: there the midpoint rule is of order 3.
const { denoise } = gaussianMixture({
  weights: [0.6, 0.4],
  means: [
    [0.5, 0.5],
    [-0.6, 0.2],
  ],
  stds: [0.2, 0.3],
});

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  Array.from(expected).forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 11));
}

describe('edmAblation', () => {
  it('is Heun and Euler, churned or not, in the linear schedule', async () => {
    const options = { space, sigmas: appendZero(karrasSigmas(9)), noise: fakeNoise(6), sChurn: 5 };
    expectClose(await edmAblation.sample(denoise, start, options), await heun.sample(denoise, start, options));
    expectClose(
      await edmAblation.sample(denoise, start, { ...options, solver: 'euler' }),
      await euler.sample(denoise, start, options),
    );
  });

  it('does not care for the scale that Euler steps are made at where time is linear in sigma s', async () => {
    // Rectified flow: y = t x0 + (1 - t) n; an Euler step in t is one in sigma.
    const options = { space, sigmas: appendZero(karrasSigmas(9)) };
    const own = { solver: 'euler', schedule: rectifiedFlowSchedule } as const;
    expectClose(
      await edmAblation.sample(denoise, start, { ...options, ...own }),
      await euler.sample(denoise, start, options),
    );
  });

  it.each([
    ['vp', { schedule: 'vp' }, 2],
    ['vp without scale', { schedule: 'vp', scaling: 'none' }, 2],
    ['ve', { schedule: veSchedule }, 2],
    ['linear at the scale of vp', { scaling: 'vp' }, 2],
    ['trigflow', { schedule: trigSchedule() }, 2],
    ['rectified flow', { schedule: rectifiedFlowSchedule }, 2],
    ['midpoint', { alpha: 0.5 }, 2],
    ['Ralston in vp', { schedule: vpSchedule(), alpha: 2 / 3 }, 2],
    ['Euler in vp', { schedule: 'vp', solver: 'euler' }, 1],
  ] as const)('has its order in the frame %s', async (_, own: EdmAblationOptions, order) => {
    const range = { sigmaMin: 0.1, sigmaMax: 5, rho: 7 };
    const exact = exactFlow(denoise, start, range);
    const errorOf = async (n: number): Promise<number> => {
      const result = await edmAblation.sample(denoise, start, { space, sigmas: karrasSigmas(n, range), ...own });
      return Math.max(...exact.map((truth, i) => Math.abs(result[i] - truth)));
    };
    const measured = Math.log2((await errorOf(321)) / (await errorOf(641)));
    expect(Math.abs(measured - order)).toBeLessThan(0.1);
  });

  it.each(['vp', 've', 'linear', trigSchedule(), rectifiedFlowSchedule] as const)(
    'comes down to level 0 at scale 1, for a point mass in frame %#',
    async (schedule) => {
      const point = (): Float64Array => Float64Array.of(0.25, -0.75);
      const sigmas = appendZero(karrasSigmas(60, { sigmaMax: 2, sigmaMin: 0.002 }));
      const result = await edmAblation.sample(point, Float64Array.of(2.25, -2.75), { space, sigmas, schedule });
      // An Euler step to 0 in the time of ve or vp leaves half of the last level's noise, 0.001.
      expect(Math.abs(result[0] - 0.25)).toBeLessThan(0.002);
      expect(Math.abs(result[1] + 0.75)).toBeLessThan(0.002);
    },
  );

  it('counts its calls', () => {
    const sigmas = appendZero(karrasSigmas(5));
    expect(edmAblation.nfe({ sigmas })).toBe(9);
    expect(edmAblation.nfe({ sigmas, solver: 'euler' })).toBe(5);
    expect(edmAblation.nfe({ sigmas: karrasSigmas(5) })).toBe(8);
  });

  it.each([
    [{ alpha: 0 }, 'edmAblation: alpha must lie in (0, 1], got 0.'],
    [{ schedule: 'cosine' as 'vp' }, 'edmAblation: schedule must be one of linear, ve, vp, got "cosine".'],
    [{ scaling: 've' as 'vp' }, 'edmAblation: scaling must be one of schedule, vp, none, got "ve".'],
    [{ solver: 'rk4' as 'heun' }, 'edmAblation: solver must be one of heun, euler, got "rk4".'],
    [{ sNoise: -1 }, 'edmAblation: sNoise must be >= 0, got -1.'],
  ])('refuses %j', async (own, message) => {
    await expect(edmAblation.sample(denoise, start, { space, sigmas: [80, 0], ...own })).rejects.toThrow(message);
  });
});
