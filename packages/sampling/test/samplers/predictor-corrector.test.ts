import { appendZero, exponentialSigmas, float64Space, gaussianMixture, karrasSigmas } from '@onestep/core';
import { randomStream } from '@onestep/tensor';
import { describe, expect, it } from 'vitest';
import { ddpm, predictorCorrector } from '../../src';
import { fakeNoise, pointMass } from '../point-mass';

const space = float64Space;
const sigmas = appendZero(karrasSigmas(6));

describe('predictorCorrector', () => {
  it('is DDPM of small variance where nothing corrects an ancestral predictor', async () => {
    const model = (x: Float64Array): Float64Array => x.map(Math.tanh);
    const options = { space, sigmas, noise: fakeNoise(2) };
    const x = Float64Array.of(80, -40);
    const own = { correctorSteps: 0 };
    expect(await predictorCorrector.sample(model, x, { ...options, ...own })).toEqual(
      await ddpm.sample(model, x, options),
    );
  });

  it('takes the draws of its corrections, then the one of its prediction', async () => {
    const taken: number[] = [];
    const noise = (k: number): Float64Array => {
      taken.push(k);
      return fakeNoise(1)(k);
    };
    const options = { space, sigmas, noise, correctorSteps: 3 };
    await predictorCorrector.sample(pointMass([0]), Float64Array.of(80), options);
    // The last prediction, to 0, takes none.
    expect(taken).toEqual(Array.from({ length: 6 * 4 - 1 }, (_, k) => k));
    expect(predictorCorrector.nfe({ sigmas, correctorSteps: 3 })).toBe(24);
  });

  it('makes one Langevin step as Algorithm 4 has it, sized by the level', async () => {
    // D = 0, so the score is -x / sigma^2; one correction at 2, then the mean of the prediction to 0 is D.
    const seen: number[] = [];
    const model = (x: Float64Array): Float64Array => {
      seen.push(x[0]);
      return Float64Array.of(0);
    };
    const options = { space, sigmas: [2, 0], noise: () => Float64Array.of(1), snr: 0.1 };
    await predictorCorrector.sample(model, Float64Array.of(3), options);
    const size = 2 * (0.1 * 2) ** 2;
    expect(seen[1]).toBeCloseTo(3 - (size * 3) / 4 + Math.sqrt(2 * size), 12);
  });

  it.each(['reverse-diffusion', 'ancestral'] as const)(
    'has the right moments on a Gaussian (%s)',
    async (predictor) => {
      const count = 4000;
      const { denoise } = gaussianMixture({ weights: [1], means: [[0.4]], stds: [0.5] });
      const normal = (k: number): Float64Array =>
        Float64Array.from(randomStream(7, 'predictor-corrector.test', k).normal(count));
      const result = await predictorCorrector.sample(
        denoise,
        normal(-1 >>> 0).map((z) => 20 * z),
        {
          space,
          sigmas: appendZero(exponentialSigmas(200, { sigmaMax: 20, sigmaMin: 0.01 })),
          noise: normal,
          predictor,
        },
      );
      const mean = result.reduce((sum, value) => sum + value, 0) / count;
      const std = Math.sqrt(result.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count);
      // Statistical errors: 0.5 / sqrt(4000) = 0.008 and 0.006; the Langevin steps inflate by 1 % at most.
      expect(Math.abs(mean - 0.4)).toBeLessThan(0.03);
      expect(Math.abs(std - 0.5)).toBeLessThan(0.03);
    },
  );

  it.each([
    [{ snr: 1 }, 'predictorCorrector: snr must lie in (0, 1), got 1.'],
    [{ snr: 0 }, 'predictorCorrector: snr must lie in (0, 1), got 0.'],
    [{ correctorSteps: 0.5 }, 'predictorCorrector: correctorSteps must be an integer in [0, Infinity], got 0.5.'],
    [{ predictor: 'none' as 'ancestral' }, 'predictor must be one of ancestral, reverse-diffusion, got "none".'],
  ])('refuses %j', async (own, message) => {
    const run = predictorCorrector.sample(pointMass([0]), Float64Array.of(80), { space, sigmas, ...own });
    await expect(run).rejects.toThrow(message);
  });
});
