import { appendZero, float64Space, karrasSigmas } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import {
  dpmpp2s,
  dpmpp2sAncestral,
  dpmpp3s,
  dpmppSde,
  dpmSolver2,
  dpmSolver2Ancestral,
  dpmSolver3,
  heun,
} from '../../src';
import { fakeNoise, pointMass } from '../point-mass';

const space = float64Space;
const sigmas = appendZero(karrasSigmas(7));
const model = (x: Float64Array, sigma: number): Float64Array => x.map((value) => Math.tanh(value / (1 + sigma)));
const start = Float64Array.of(60, -90);
const noise = fakeNoise(2);

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  Array.from(expected).forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 11));
}

/** The levels a sampler calls its model at. */
async function levelsOf(run: (model: (x: Float64Array, sigma: number) => Float64Array) => Promise<unknown>) {
  const levels: number[] = [];
  await run((_, sigma) => {
    levels.push(sigma);
    return Float64Array.of(0);
  });
  return levels;
}

describe('dpmSolver2', () => {
  it('is Heun where its second call is at the end of the step', async () => {
    const options = { space, sigmas };
    expectClose(await dpmSolver2.sample(model, start, { ...options, r: 1 }), await heun.sample(model, start, options));
  });

  it('calls the geometric mean of the levels, then, to 0, none', async () => {
    const x = Float64Array.of(8);
    const levels = await levelsOf((counted) => dpmSolver2.sample(counted, x, { space, sigmas: [8, 2, 0] }));
    expectClose(levels, [8, 4, 2]);
  });

  it('calls the middle of a Karras grid with rho 3 where asked, also in a step to 0', async () => {
    const x = Float64Array.of(27);
    const options = { space, sigmas: [27, 1, 0], midpoint: 'karras' } as const;
    const levels = await levelsOf((counted) => dpmSolver2.sample(counted, x, options));
    expectClose(levels, [27, 8, 1, 1 / 8]);
    expect(dpmSolver2.nfe(options)).toBe(4);
  });

  it.each([
    [{ r: 0 }, 'dpmSolver2: r must lie in (0, 1], got 0.'],
    [{ r: 1.5 }, 'dpmSolver2: r must lie in (0, 1], got 1.5.'],
    [{ r: 0.5, midpoint: 'karras' as const }, 'dpmSolver2: r must be left out with midpoint "karras", got 0.5.'],
    [{ midpoint: 'middle' as 'karras' }, 'midpoint must be one of geometric, karras, got "middle".'],
    [{ sChurn: -1 }, 'dpmSolver2: sChurn must be >= 0, got -1.'],
  ])('refuses %j', async (own, message) => {
    await expect(dpmSolver2.sample(model, start, { space, sigmas, ...own })).rejects.toThrow(message);
  });
});

describe('ancestral second-order samplers', () => {
  it('are their ODE solvers with eta 0, and ask for no noise', async () => {
    const options = { space, sigmas, eta: 0 };
    const ode = { space, sigmas };
    expectClose(await dpmSolver2Ancestral.sample(model, start, options), await dpmSolver2.sample(model, start, ode));
    const expected = await dpmpp2s.sample(model, start, ode);
    expectClose(await dpmpp2sAncestral.sample(model, start, options), expected);
    expectClose(await dpmppSde.sample(model, start, options), expected);
  });

  it.each([
    ['dpmSolver2Ancestral', dpmSolver2Ancestral],
    ['dpmpp2sAncestral', dpmpp2sAncestral],
  ] as const)('%s is all noise above level 0 where eta takes all of it, one call a step', async (_, sampler) => {
    const options = { space, sigmas: [4, 2], eta: 10, noise: () => Float64Array.of(1) };
    expect(sampler.nfe(options)).toBe(1);
    const result = await sampler.sample(pointMass([0.5]), Float64Array.of(4), options);
    expect(result[0]).toBeCloseTo(0.5 + 2, 12);
  });

  it('adds noise of std sNoise sigmaUp', async () => {
    const options = { space, sigmas: [4, 2], noise: () => Float64Array.of(1), sNoise: 0.5 };
    const quiet = { ...options, sNoise: 0 };
    for (const sampler of [dpmSolver2Ancestral, dpmpp2sAncestral]) {
      const [loud] = await sampler.sample(model, Float64Array.of(4), options);
      const [still] = await sampler.sample(model, Float64Array.of(4), quiet);
      expect(loud - still).toBeCloseTo(0.5 * Math.sqrt(3), 12);
    }
  });

  it('refuse options out of range', async () => {
    const options = { space, sigmas, noise };
    await expect(dpmSolver2Ancestral.sample(model, start, { ...options, eta: -1 })).rejects.toThrow(
      'dpmSolver2Ancestral: eta must be >= 0, got -1.',
    );
    await expect(dpmppSde.sample(model, start, { ...options, r: 1 })).rejects.toThrow(
      'dpmppSde: r must lie in (0, 1), got 1.',
    );
    await expect(dpmpp2s.sample(model, start, { ...options, r: 0 })).rejects.toThrow(
      'dpmpp2s: r must lie in (0, 1], got 0.',
    );
  });
});

describe('dpmSolver3', () => {
  it('calls the levels at a third and two thirds of ln sigma', async () => {
    const levels = await levelsOf((counted) =>
      dpmSolver3.sample(counted, Float64Array.of(8), { space, sigmas: [8, 1, 0] }),
    );
    expectClose(levels, [8, 4, 2, 1]);
  });

  it('is exact in one step where the noise is linear in lambda', async () => {
    // D = x - sigma e with e = a + b lambda: x' = x - integral of e over sigma.
    const [a, b] = [0.7, -0.3];
    const linear = (x: Float64Array, sigma: number): Float64Array =>
      x.map((value) => value - sigma * (a - b * Math.log(sigma)));
    const primitive = (sigma: number): number => a * sigma - b * (sigma * Math.log(sigma) - sigma);
    const [result] = await dpmSolver3.sample(linear, Float64Array.of(5), { space, sigmas: [9, 0.5] });
    expect(result).toBeCloseTo(5 + primitive(0.5) - primitive(9), 11);
  });

  it.each([
    [{ r1: 0 }, 'dpmSolver3: r1 must lie in (0, 1), got 0.'],
    [{ r1: 0.5, r2: 0.4 }, 'dpmSolver3: r2 must lie in (0.5, 1), got 0.4.'],
  ])('refuses %j', async (own, message) => {
    await expect(dpmSolver3.sample(model, start, { space, sigmas, ...own })).rejects.toThrow(message);
  });
});

describe('dpmpp3s', () => {
  it('calls at a third and two thirds of the step, then, to 0, once', async () => {
    const levels = await levelsOf((counted) =>
      dpmpp3s.sample(counted, Float64Array.of(8), { space, sigmas: [8, 1, 0] }),
    );
    expectClose(levels, [8, 4, 2, 1]);
  });

  it('is exact where the estimate is a line in ln sigma', async () => {
    const linear = (_: Float64Array, sigma: number): Float64Array => Float64Array.of(2 - 0.5 * Math.log(sigma));
    const [result] = await dpmpp3s.sample(linear, Float64Array.of(5), { space, sigmas: [9, 0.5], r1: 0.2, r2: 0.7 });
    // With lambda = -ln sigma, the integral of e^-(lambda' - lambda) (2 + lambda / 2) is [e^-(lambda' - lambda) (2 + (lambda - 1) / 2)].
    const antiderivative = (sigma: number): number => (0.5 / sigma) * (2 + (-Math.log(sigma) - 1) / 2);
    expect(result).toBeCloseTo((0.5 / 9) * 5 + antiderivative(0.5) - antiderivative(9), 12);
  });

  it.each([
    [{ r1: 0 }, 'dpmpp3s: r1 must lie in (0, 1), got 0.'],
    [{ r1: 0.5, r2: 0.4 }, 'dpmpp3s: r2 must lie in (0.5, 1), got 0.4.'],
  ])('refuses %j', async (own, message) => {
    await expect(dpmpp3s.sample(model, start, { space, sigmas, ...own })).rejects.toThrow(message);
  });
});
