import { appendZero, float64Space, gaussianFlow, gaussianMixture, karrasSigmas } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { dpmpp2m, dpmpp2mSde, dpmpp3mSde, dpmppMultistep, dpmSolverMultistep, euler, type Sampler } from '../../src';

const space = float64Space;
const model = (x: Float64Array, sigma: number): Float64Array => x.map((value) => Math.tanh(value) / (1 + sigma));
const x = Float64Array.of(40, -70, 5);
const sigmas = appendZero(karrasSigmas(9));

function close(actual: Float64Array, expected: Float64Array): void {
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 11));
}

/** Orders measured between 161 and 321 levels on a single Gaussian. */
async function measuredOrder<Options>(sampler: Sampler<Options>, own: Options): Promise<number> {
  const range = { sigmaMin: 0.01, sigmaMax: 10 };
  const gaussian = { mean: [0.3, -0.2], std: 0.5 };
  const { denoise } = gaussianMixture({ weights: [1], means: [gaussian.mean], stds: [gaussian.std] });
  const start = Float64Array.of(7, -4, 1, 2);
  const exact = gaussianFlow(gaussian)(start, range.sigmaMax, range.sigmaMin);
  const error = async (n: number): Promise<number> => {
    const result = await sampler.sample(denoise, start, { ...own, space, sigmas: karrasSigmas(n, range) });
    return Math.max(...exact.map((truth, i) => Math.abs(truth - result[i])));
  };
  return Math.log2((await error(161)) / (await error(321)));
}

describe('multistep DPM-Solvers', () => {
  it.each([
    ['data', dpmppMultistep],
    ['noise', dpmSolverMultistep],
  ])('are Euler at order 1 (%s)', async (_, sampler) => {
    close(await sampler.sample(model, x, { space, sigmas, order: 1 }), await euler.sample(model, x, { space, sigmas }));
  });

  it('are DPM-Solver++(2M) at order 2', async () => {
    const expected = await dpmpp2m.sample(model, x, { space, sigmas });
    close(await dpmppMultistep.sample(model, x, { space, sigmas, order: 2, lowerOrderFinal: false }), expected);
    close(await dpmppMultistep.sample(model, x, { space, sigmas, order: 2 }), expected);
    // A last level above 0 is where lowering the order makes a difference.
    const above = sigmas.slice(0, -1);
    const [lowered] = await dpmppMultistep.sample(model, x, { space, sigmas: above, order: 2 });
    expect(lowered).not.toBeCloseTo((await dpmpp2m.sample(model, x, { space, sigmas: above }))[0], 6);
  });

  it('are of order 3 with the exact second difference, of order 2 as released', async () => {
    const exact = { curvature: 'exact', lowerOrderFinal: false } as const;
    expect(Math.abs((await measuredOrder(dpmppMultistep, exact)) - 3)).toBeLessThan(0.2);
    expect(Math.abs((await measuredOrder(dpmpp3mSde, { eta: 0, curvature: 'exact' })) - 3)).toBeLessThan(0.2);
    expect(Math.abs((await measuredOrder(dpmppMultistep, { lowerOrderFinal: false })) - 2)).toBeLessThan(0.2);
    expect(Math.abs((await measuredOrder(dpmpp3mSde, { eta: 0 })) - 2)).toBeLessThan(0.2);
  });

  it('close order 2 by the line through both estimates on demand', async () => {
    const expected = await dpmpp2mSde.sample(model, x, { space, sigmas, eta: 0, solverType: 'heun' });
    const own = { order: 2, solverType: 'heun', lowerOrderFinal: false } as const;
    close(await dpmppMultistep.sample(model, x, { space, sigmas, ...own }), expected);
    expect(await measuredOrder(dpmSolverMultistep, own)).toBeCloseTo(2, 0);
    const [midpoint] = await dpmSolverMultistep.sample(model, x, { space, sigmas, ...own, solverType: 'midpoint' });
    expect((await dpmSolverMultistep.sample(model, x, { space, sigmas, ...own }))[0]).not.toBeCloseTo(midpoint, 6);
  });

  it.each([
    [{ solverType: 'taylor' as 'heun' }, 'dpmpp-multistep: solverType must be one of midpoint, heun, got "taylor".'],
    [{ order: 4 }, 'dpmpp-multistep: order must be an integer in [1, 3], got 4.'],
    [{ curvature: 'half' as 'exact' }, 'dpmpp-multistep: curvature must be one of released, exact, got "half".'],
  ])('refuse %j', async (own, message) => {
    await expect(dpmppMultistep.sample(model, x, { space, sigmas, ...own })).rejects.toThrow(message);
  });
});

describe('multistep SDE samplers', () => {
  it('follow the ODE at eta 0, without a draw', async () => {
    const expected = await dpmpp2m.sample(model, x, { space, sigmas });
    close(await dpmpp2mSde.sample(model, x, { space, sigmas, eta: 0 }), expected);
    for (const solverType of ['midpoint', 'heun'] as const) {
      expect(await measuredOrder(dpmpp2mSde, { eta: 0, solverType })).toBeCloseTo(2, 0);
    }
  });

  it.each([
    ['dpmpp-2m-sde', dpmpp2mSde],
    ['dpmpp-3m-sde', dpmpp3mSde],
  ])('%s keeps noise at the std of its level, whatever eta is', async (_, sampler) => {
    // D = 0: every coordinate is the coefficient of one independent source of noise.
    const levels = karrasSigmas(6);
    const unit = (at: number) => Float64Array.from({ length: 7 }, (_value, i) => (i === at ? 1 : 0));
    for (const eta of [0, 0.3, 1, 2]) {
      const result = await sampler.sample(
        (at) => at.map(() => 0),
        unit(0).map((value) => 80 * value),
        {
          space,
          sigmas: levels,
          eta,
          noise: (k) => unit(k + 1),
        },
      );
      expect(Math.hypot(...result)).toBeCloseTo(levels[5], 12);
    }
  });

  it.each([
    [{ eta: -1 }, 'dpmpp-2m-sde: eta must be finite and >= 0, got -1.'],
    [{ sNoise: Number.NaN }, 'dpmpp-2m-sde: sNoise must be finite and >= 0, got NaN.'],
    [{ solverType: 'euler' as 'heun' }, 'dpmpp-2m-sde: solverType must be one of midpoint, heun, got "euler".'],
  ])('refuse %j', async (own, message) => {
    await expect(dpmpp2mSde.sample(model, x, { space, sigmas, ...own })).rejects.toThrow(message);
  });
});
