import { vpSchedule } from '@onestep/core';
import { MalformedCase } from '../../golden-json';
import type { SamplerCase } from './sampler-case';

/** The law and the ends of the runs of LuChengTHU/dpm-solver: linear beta from 0.1 to 20, time from 1 to 1e-3. */
const law = vpSchedule({ betaD: 19.9, betaMin: 0.1 });
const [first, last] = [1, 1e-3];

/**
 * The noise levels of `numSteps` steps, descending: even in ln sigma (`logSNR`), in time (`time_uniform`) or in the root of
 * time (`time_quadratic`).
 */
export function vpLevels(skipType: string, numSteps: number): number[] {
  const even = (from: number, to: number): number[] =>
    Array.from({ length: numSteps + 1 }, (_, i) => from + (i / numSteps) * (to - from));
  switch (skipType) {
    case 'logSNR':
      return even(Math.log(law.sigma(first)), Math.log(law.sigma(last))).map(Math.exp);
    case 'time_uniform':
      return even(first, last).map(law.sigma);
    case 'time_quadratic':
      return even(Math.sqrt(first), Math.sqrt(last)).map((root) => law.sigma(root * root));
    default:
      throw new MalformedCase(`unknown skip_type "${skipType}"`);
  }
}

/**
 * A run in VP coordinates, y = alpha x with alpha^2 (1 + sigma^2) = 1: it starts at y = z0, that is x = z0 / alpha, and ends
 * as alpha x. Between, exponential integrators of y in lambda are those of x: lambda = -ln sigma in both.
 */
export function inVpFrame(run: (levels: readonly number[]) => SamplerCase, levels: readonly number[]): SamplerCase {
  const alphaLast = 1 / Math.hypot(1, levels[levels.length - 1]);
  return {
    startLevel: Math.hypot(1, levels[0]),
    async sample(model, x, options) {
      const result = await run(levels).sample(model, x, options);
      try {
        return options.space.combine([alphaLast, result]);
      } finally {
        options.space.dispose(result);
      }
    },
  };
}
