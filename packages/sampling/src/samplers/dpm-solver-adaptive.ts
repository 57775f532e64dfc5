import { ancestralStep } from '@onestep/core';
import { OnestepError } from '@onestep/tensor';
import { checkInteger } from '../internal/check-integer';
import { checkInside, checkNotNegative } from '../internal/check-options';
import { checkSigmas } from '../internal/check-sigmas';
import {
  firstOrder,
  levelAt,
  noiseAt,
  secondOrder,
  thirdOrder,
  thirdOrderStages,
  type DpmContext,
  type DpmInterval,
} from '../internal/dpm-solver-step';
import { pidStepSize } from '../internal/pid-step-size';
import { walk } from '../internal/walk';
import type { Sampler } from '../sampler';
import { checkAncestral, renoise, type AncestralOptions } from './ancestral';

/** A rest of ln sigma that is not worth a step of its own. */
const negligible = 1e-5;

/** What an adaptive run has done; the calls are per image. */
export interface AdaptiveInfo {
  readonly accepted: number;
  readonly rejected: number;
  readonly nfe: number;
}

/** Options of {@link dpmSolverAdaptive}. */
export interface DpmSolverAdaptiveOptions extends AncestralOptions {
  /** Order of the solver; its error is judged against the order below. Default 3. */
  readonly order?: 2 | 3 | undefined;
  /** Error allowed relative to a pixel's magnitude, >= 0, default 0.05. */
  readonly relativeTolerance?: number | undefined;
  /** Error allowed near 0, > 0, default 0.0078: one of 256 grey levels of [-1, 1]. */
  readonly absoluteTolerance?: number | undefined;
  /** First step in ln sigma, > 0, default 0.05. */
  readonly initialStep?: number | undefined;
  /** Coefficients of the PID controller, >= 0, default 0, 1, 0. */
  readonly pid?: readonly [proportional: number, integral: number, derivative: number] | undefined;
  /** A step is accepted if the controller would shrink the next by no more than this factor, in (0, 1), default 0.81. */
  readonly acceptSafety?: number | undefined;
  /** Network calls after which the run is given up, default 10 000. */
  readonly maxNfe?: number | undefined;
  /** Told after every accepted step. */
  readonly onInfo?: ((info: AdaptiveInfo) => void) | undefined;
}

/**
 * DPM-Solver-12 or 23: steps in ln sigma whose size a PID controller chooses from the difference between DPM-Solver of
 * order 2 or 3 and the order below it, which needs no further call.
 *
 * Only the first level of `sigmas` and the last one above 0 count; a final 0 adds a last call, which denoises. NFE: known
 * afterwards, from `onInfo`. With `eta` (default 0) the steps are ancestral; draw k is that of accepted step k.
 *
 * @throws {@link OnestepError} `non-finite` if the error of a step is, `unstable` if the run takes more than `maxNfe` calls
 * @remarks The error is a mean over the batch: an image depends on those sampled with it. Step sizes are read from data,
 *   which costs a wait per step. A step tried again keeps its first call, which k-diffusion repeats.
 * @see Lu et al. 2022 (DPM-Solver), adaptive step size; k-diffusion `sample_dpm_adaptive`
 */
export const dpmSolverAdaptive: Sampler<DpmSolverAdaptiveOptions> = {
  name: 'dpm-solver-adaptive',
  order: 3,
  stochastic: 'optional',
  accepts: 'denoiser',
  finalZero: 'expected',
  levels: 'ends',
  couplesBatch: true,
  nfe: () => undefined,
  async sample(model, start, { onInfo, maxNfe = 10_000, ...given }) {
    const { order = 3, relativeTolerance = 0.05, absoluteTolerance = 0.0078, initialStep = 0.05, ...rest } = given;
    const { pid = [0, 1, 0], acceptSafety = 0.81, eta = 0, sNoise = 1, ...options } = rest;
    const where = 'dpmSolverAdaptive';
    checkSigmas(where, options.sigmas, 2, true);
    checkAncestral(where, { eta, sNoise });
    checkInteger(where, 'order', order, 2, 3);
    checkNotNegative(where, { relativeTolerance, 'pid[0]': pid[0], 'pid[1]': pid[1], 'pid[2]': pid[2] });
    for (const [name, value] of Object.entries({ absoluteTolerance, initialStep, maxNfe })) {
      checkInside(where, name, value, { high: Infinity });
    }
    checkInside(where, 'acceptSafety', acceptSafety, { high: 1 });
    const [proportional, integral, derivative] = pid;
    const control = pidStepSize({
      initial: initialStep,
      // The error of an ancestral step shrinks more slowly.
      order: eta > 0 ? 1.5 : order,
      ...{ proportional, integral, derivative, acceptSafety },
    });
    const positive = options.sigmas.filter((sigma) => sigma > 0);
    const lowest = positive[positive.length - 1];
    const visited = [...new Set([positive[0], lowest]), ...options.sigmas.slice(positive.length)];
    const done = { accepted: 0, rejected: 0, nfe: 0 };
    const counted: typeof model = (x, sigma, target) => {
      if (done.nfe >= maxNfe) {
        throw new OnestepError('unstable', `${where}: no end after ${done.nfe} calls. Raise a tolerance or maxNfe.`);
      }
      done.nfe += 1;
      return model(x, sigma, target);
    };
    const setup = { name: dpmSolverAdaptive.name, memory: 1 };
    return walk(setup, counted, start, { ...options, sigmas: visited }, async (step) => {
      const { x, sigma, space } = step;
      if (step.sigmaNext === 0) {
        const image = await step.denoise(x, sigma);
        onInfo?.({ ...done });
        return image;
      }
      const e0 = await noiseAt(step, x, sigma);
      for (;;) {
        const isLast = Math.log(sigma / lowest) <= control.size() + negligible;
        const sigmaNext = isLast ? lowest : sigma * Math.exp(-control.size());
        const down = Math.max(lowest, ancestralStep(sigma, sigmaNext, eta).sigmaDown);
        const { low, high } = await stepPair(step, x, e0, { sigma, sigmaNext: down }, order);
        const difference = space.combine([1, low], [-1, high]);
        const tolerance = { absolute: absoluteTolerance, relative: relativeTolerance };
        const before = step.past.length === 0 ? x : step.past[0].value;
        const error = await space.scaledError(difference, { ...tolerance, a: low, b: before });
        if (!Number.isFinite(error)) {
          throw new OnestepError(
            'non-finite',
            `${where}: the error of a step from sigma = ${sigma} to ${sigmaNext} is ${error}. The model returned something that is not finite.`,
          );
        }
        if (!control.accepts(error)) {
          done.rejected += 1;
          continue;
        }
        done.accepted += 1;
        if (!isLast) step.stopAt(sigmaNext);
        step.remember(low);
        onInfo?.({ ...done });
        const up = Math.sqrt((sigmaNext - down) * (sigmaNext + down));
        return renoise(space, high, up * sNoise, step.draw);
      }
    });
  },
};

/** A step of the order and of the one below, from the same calls. */
async function stepPair<X>(
  context: DpmContext<X>,
  x: X,
  e0: X,
  interval: DpmInterval,
  order: 2 | 3,
): Promise<{ readonly low: X; readonly high: X }> {
  const { space } = context;
  if (order === 2) {
    const middle = levelAt(interval, 0.5);
    const e1 = await noiseAt(context, firstOrder(space, x, e0, { ...interval, sigmaNext: middle }), middle);
    return { low: firstOrder(space, x, e0, interval), high: secondOrder(space, x, [e0, e1], interval, 0.5) };
  }
  const { e1, e2 } = await thirdOrderStages(context, x, e0, interval, { r1: 1 / 3, r2: 2 / 3 });
  return {
    low: secondOrder(space, x, [e0, e1], interval, 1 / 3),
    high: thirdOrder(space, x, [e0, e2], interval, 3 / 2),
  };
}
