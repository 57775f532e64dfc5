import { float64Space, rectifiedFlowSigmas } from '@onestep/core';
import { describe, expect, it } from 'vitest';
import { euler } from '../../src';

describe('a rectified flow', () => {
  it('is sampled by euler on rectifiedFlowSigmas: equal steps along its velocity', async () => {
    const [steps, begin] = [7, 1e-3];
    const denoise = (x: Float64Array, sigma: number): Float64Array =>
      x.map((value) => Math.tanh(value / (1 + sigma ** 2)));
    // The flow's own sampler: X = t x0 + (1 - t) n, velocity (D - X) / (1 - t).
    let flow = Float64Array.of(0.4, -1.3, 2);
    for (let i = 0; i < steps; i += 1) {
      const t = begin + (i / steps) * (1 - begin);
      const denoised = denoise(
        flow.map((value) => value / t),
        (1 - t) / t,
      );
      flow = flow.map((value, k) => value + ((1 - begin) / steps) * ((denoised[k] - value) / (1 - t)));
    }
    const sigmas = rectifiedFlowSigmas(steps, (1 - begin) / begin);
    // It begins with X = n, which is x = n / t over sigma.
    const start = Float64Array.of(0.4, -1.3, 2).map((value) => value / begin);
    const result = await euler.sample(denoise, start, { space: float64Space, sigmas });
    result.forEach((value, i) => expect(value).toBeCloseTo(flow[i], 10));
  });
});
