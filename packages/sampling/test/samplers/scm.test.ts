import { float64Space, trigTimeToSigma } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { multistep, scm, type Model } from '../../src';
import { fakeNoise } from '../point-mass';

const space = float64Space;
const f: Model<Float64Array> = (x, sigma) => x.map((value) => Math.tanh(value) / (1 + sigma));

describe('scm', () => {
  it('is denoising and renoising in the coordinates of TrigFlow', async () => {
    const sigmaData = 0.5;
    const times = [Math.atan(80 / sigmaData), 1.1, 0.6];
    const sigmas = times.map((t) => trigTimeToSigma(t, { sigmaData }));
    const unit = fakeNoise(3);
    // As the paper has it: x on the circle, noise of std sigmaData, f over (x, t).
    const overTime = (x: Float64Array, t: number): Float64Array =>
      f(
        x.map((value) => value / Math.cos(t)),
        sigmaData * Math.tan(t),
        0,
      ) as Float64Array;
    const z = unit(99);
    let x0 = overTime(
      z.map((value) => sigmaData * value),
      times[0],
    );
    times.slice(1).forEach((t, k) => {
      const noise = unit(k);
      x0 = overTime(
        x0.map((value, i) => Math.cos(t) * value + Math.sin(t) * sigmaData * noise[i]),
        t,
      );
    });
    const start = z.map((value) => sigmas[0] * value);
    const result = await scm.sample(f, start, { space, sigmas, noise: unit, sigmaData });
    result.forEach((value, i) => expect(value).toBeCloseTo(x0[i], 12));
  });

  it('is multistep sampling without the sigmaMin term, from a start of the std of noised data', async () => {
    const sigmas = [80, 0.98];
    const start = Float64Array.of(100, -30);
    const options = { space, sigmas, noise: fakeNoise(2) };
    const scaled = start.map((value) => value * Math.sqrt(1 + (0.5 / 80) ** 2));
    const expected = await multistep.sample(f, scaled, { ...options, renoise: 'ect' });
    const result = await scm.sample(f, start, options);
    result.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 14));
  });

  it('refuses a std of the data that is not positive', async () => {
    const options = { space, sigmas: [80], sigmaData: 0 };
    await expect(scm.sample(f, Float64Array.of(1), options)).rejects.toThrow('scm: sigmaData must be > 0, got 0.');
  });
});
