import { appendZero, ddimTimesteps, float64Space, karrasSigmas, linearBetaSigmas } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { ddim, ddpm, euler, eulerAncestral } from '../../src';
import { fakeNoise } from '../point-mass';

const space = float64Space;
const model = (x: Float64Array, sigma: number): Float64Array => x.map((value) => Math.tanh(value / (1 + sigma)));
const start = Float64Array.of(70, -110, 30);
const noise = fakeNoise(3);
// A DDIM sub-sequence of a chain of 1000 steps.
const chain = linearBetaSigmas();
const levels = ddimTimesteps(8)
  .map((t) => chain[t])
  .reverse();

/** A sampler of the chain as the papers write it, over y = alpha x, e predicted; `move` gives mean and std of a step. */
function inVpCoordinates(
  move: (step: { bar: number; barNext: number; y: number; x0: number; e: number }) => { mean: number; std: number },
): number[] {
  const bar = (sigma: number): number => 1 / (1 + sigma * sigma);
  let y = Float64Array.from(start, (value) => value * Math.sqrt(bar(levels[0])));
  levels.forEach((sigma, k) => {
    const x = y.map((value) => value / Math.sqrt(bar(sigma)));
    const x0 = model(x, sigma);
    const z = noise(k);
    const isLast = k + 1 === levels.length;
    const barNext = isLast ? 1 : bar(levels[k + 1]);
    y = y.map((value, i) => {
      const e = (value - Math.sqrt(bar(sigma)) * x0[i]) / Math.sqrt(1 - bar(sigma));
      const { mean, std } = move({ bar: bar(sigma), barNext, y: value, x0: x0[i], e });
      return isLast ? mean : mean + std * z[i];
    });
  });
  return [...y];
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 10));
}

describe('ddim', () => {
  it.each([0, 0.3, 1])('is Eq. 12 of the paper on a discrete chain, divided by alpha, with eta %f', async (eta) => {
    const result = await ddim.sample(model, start, { space, sigmas: appendZero(levels), noise, eta });
    const expected = inVpCoordinates(({ bar, barNext, x0, e }) => {
      const std = eta * Math.sqrt(((1 - barNext) / (1 - bar)) * (1 - bar / barNext));
      return { mean: Math.sqrt(barNext) * x0 + Math.sqrt(1 - barNext - std * std) * e, std };
    });
    expectClose(result, expected);
  });

  it('is Euler by default and the ancestral sampler with eta 1', async () => {
    const options = { space, sigmas: appendZero(karrasSigmas(9)), noise };
    expect(await ddim.sample(model, start, options)).toEqual(await euler.sample(model, start, options));
    expect(await ddim.sample(model, start, { ...options, eta: 1 })).toEqual(
      await eulerAncestral.sample(model, start, options),
    );
  });

  it.each([-0.1, 1.1, Number.NaN])('refuses eta %f', async (eta) => {
    await expect(ddim.sample(model, start, { space, sigmas: [80, 0], noise, eta })).rejects.toThrow(
      `ddim: eta must lie in (0, 1], got ${eta}.`,
    );
  });
});

describe('ddpm', () => {
  it.each(['small', 'large'] as const)('is Algorithm 2 of the paper with %s variance', async (variance) => {
    const result = await ddpm.sample(model, start, { space, sigmas: appendZero(levels), noise, variance });
    const expected = inVpCoordinates(({ bar, barNext, y, e }) => {
      const alpha = bar / barNext;
      const beta = 1 - alpha;
      return {
        mean: (y - (beta / Math.sqrt(1 - bar)) * e) / Math.sqrt(alpha),
        std: Math.sqrt(variance === 'large' ? beta : (beta * (1 - barNext)) / (1 - bar)),
      };
    });
    expectClose(result, expected);
  });

  it('lists the variances where another is asked for', async () => {
    const options = { space, sigmas: [80, 0], variance: 'medium' as 'small' };
    await expect(ddpm.sample(model, start, options)).rejects.toThrow(
      'ddpm: variance must be one of small, large, got "medium".',
    );
  });
});
