import { linearSchedule, veSchedule, vpSchedule, type NoiseSchedule } from '@onestep/core';
import { checkChoice } from '../internal/check-choice';
import { checkInside } from '../internal/check-options';
import { checkSigmas } from '../internal/check-sigmas';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';
import { checkChurn, churn, type ChurnOptions } from './churn';

const schedules = { linear: linearSchedule, ve: veSchedule, vp: vpSchedule() } as const;
const scalings = ['schedule', 'vp', 'none'] as const;
const solvers = ['heun', 'euler'] as const;

/** Options of {@link edmAblation}. */
export interface EdmAblationOptions extends ChurnOptions {
  /** The law sigma(t) whose time is stepped in: one of core's, or the name of one with its defaults. Default `linear`. */
  readonly schedule?: NoiseSchedule | keyof typeof schedules | undefined;
  /** The law s(t) that images shrink by on the way: the schedule's own (default), 1 / sqrt(1 + sigma^2), or 1. */
  readonly scaling?: (typeof scalings)[number] | undefined;
  /** `heun` (default): two stages; `euler`: one. */
  readonly solver?: (typeof solvers)[number] | undefined;
  /** Where in a step the second stage lies, in (0, 1]: 1 (default) Heun, 2/3 Ralston, 1/2 the midpoint. */
  readonly alpha?: number | undefined;
}

/**
 * The PF ODE in the time and scale of any noise schedule, y(t) = s(t) x, solved by Euler's method or a two-stage
 * Runge-Kutta one: dy/dt = (sigma' / sigma + s' / s) y - (sigma' s / sigma) D(y / s, sigma), and
 * y' = y + h ((1 - 1 / (2 alpha)) d0 + d1 / (2 alpha)) with d1 at t + alpha h; with optional churn.
 *
 * The sampler of EDM's ablations, to reproduce how other families were sampled; x comes and goes at scale 1. `sigmas` (see
 * `discretizationSigmas`) ends with 0, or with a last level to stop at. NFE: `heun` 2 numSteps - 1 down to 0 (an Euler step
 * there), otherwise 2 numSteps; `euler` numSteps.
 *
 * @remarks Of order 2 with `heun`, 1 with `euler`. A schedule fitted to a grid's ends, as EDM's code has it, is
 *   `vpSchedule(vpLawThrough(sigmaMin, sigmaMax))`.
 * @see Karras et al. 2022, Algorithms 1 and 3; NVlabs/edm `ablation_sampler`
 */
export const edmAblation: Sampler<EdmAblationOptions> = {
  name: 'edm-ablation',
  order: 2,
  stochastic: 'optional',
  accepts: 'denoiser',
  finalZero: 'expected',
  nfe: ({ sigmas, solver = 'heun' }) =>
    solver === 'euler' ? sigmas.length - 1 : 2 * (sigmas.length - 1) - (sigmas[sigmas.length - 1] === 0 ? 1 : 0),
  async sample(model, start, { schedule: law = 'linear', scaling = 'schedule', solver = 'heun', alpha = 1, ...rest }) {
    const { sChurn = 0, sMin = 0, sMax = Infinity, sNoise = 1, ...options } = rest;
    const where = 'edmAblation';
    checkSigmas(where, options.sigmas, 2, true);
    checkChurn(where, { sChurn, sMin, sMax, sNoise });
    if (typeof law === 'string') checkChoice(where, 'schedule', law, Object.keys(schedules));
    checkChoice(where, 'scaling', scaling, scalings);
    checkChoice(where, 'solver', solver, solvers);
    checkInside(where, 'alpha', alpha, { high: 1, closed: true });
    const schedule = scaled(typeof law === 'string' ? schedules[law] : law, scaling);
    const { scale, scaleDerivative, timeOf } = schedule;
    const numSteps = options.sigmas.length - 1;
    return walk(edmAblation, model, start, options, async (step) => {
      const { space, sigmaNext } = step;
      const { x, sigma } = churn(step, numSteps, { sChurn, sMin, sMax, sNoise });
      const t = timeOf(sigma);
      const h = timeOf(sigmaNext) - t;
      const y = space.combine([scale(t), x]);
      const slope = async (at: typeof x, time: number, level: number): Promise<typeof x> => {
        const rate = schedule.sigmaDerivative(time) / level;
        const s = scale(time);
        return space.combine([rate * s + scaleDerivative(time), at], [-rate * s, await step.denoise(at, level)]);
      };
      const first = await slope(x, t, sigma);
      const shrunk = 1 / scale(t + h);
      if (solver === 'euler' || sigmaNext === 0) return space.combine([shrunk, y], [h * shrunk, first]);
      const between = t + alpha * h;
      const shrunkThere = 1 / scale(between);
      const at = space.combine([shrunkThere, y], [alpha * h * shrunkThere, first]);
      const second = await slope(at, between, alpha === 1 ? sigmaNext : schedule.sigma(between));
      const weight = 0.5 / alpha;
      return space.combine([shrunk, y], [h * (1 - weight) * shrunk, first], [h * weight * shrunk, second]);
    });
  },
};

/** The schedule's time with another scale. */
function scaled(schedule: NoiseSchedule, scaling: (typeof scalings)[number]): NoiseSchedule {
  if (scaling === 'schedule') return schedule;
  if (scaling === 'none') return { ...schedule, scale: () => 1, scaleDerivative: () => 0 };
  const scale = (t: number): number => 1 / Math.hypot(1, schedule.sigma(t));
  return {
    ...schedule,
    scale,
    scaleDerivative: (t) => -schedule.sigma(t) * schedule.sigmaDerivative(t) * scale(t) ** 3,
  };
}
