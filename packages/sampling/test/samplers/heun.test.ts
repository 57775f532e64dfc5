import { appendZero, float64Space, karrasSigmas } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { euler, heun } from '../../src';

describe('heun', () => {
  it('costs 2 n - 1 calls down to 0 and 2 n down to a positive level', () => {
    expect(heun.nfe({ sigmas: appendZero(karrasSigmas(18)) })).toBe(35);
    expect(heun.nfe({ sigmas: karrasSigmas(18) })).toBe(34);
  });

  it('equals Euler for a single step to 0', async () => {
    const options = { space: float64Space, sigmas: [80, 0] };
    const model = (x: Float64Array): Float64Array => x.map(Math.tanh);
    const x = Float64Array.of(3, -2);
    expect(await heun.sample(model, x, options)).toEqual(await euler.sample(model, x, options));
  });

  it('takes the mean of the slopes at both ends', async () => {
    // D = 0.5 x at sigma 2, so d = x/4; Euler to sigma 1 gives x - x/4; there D = 0.5 x' and d' = x'/2.
    const model = (x: Float64Array): Float64Array => x.map((value) => value / 2);
    const [result] = await heun.sample(model, Float64Array.of(1), { space: float64Space, sigmas: [2, 1] });
    expect(result).toBeCloseTo(1 - (0.25 + 0.375) / 2, 14);
  });
});
