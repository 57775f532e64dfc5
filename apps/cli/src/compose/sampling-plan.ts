import { karrasSigmas, rectifiedFlowSigmas } from '@onestep/core';
import {
  euler,
  heun,
  multistep,
  oneStep,
  type ChurnOptions,
  type MultistepOptions,
  type Sampler,
} from '@onestep/sampling';
import type { ModelDescription } from '@onestep/training';
import { UsageError } from '../errors';

/** Solvers that `--sampler` names; only denoisers leave a choice. */
export const solverNames = ['heun', 'euler'] as const;
/** One of {@link solverNames}. */
export type SolverName = (typeof solverNames)[number];

/** What a person may ask of a sampling. */
export interface SamplingWish {
  /** Consistency functions and jumps: network calls, default 1. Denoisers: steps, default 18. */
  readonly steps?: number | undefined;
  /** Noise levels instead of the default grid, descending. */
  readonly sigmas?: readonly number[] | undefined;
  /** Denoisers only; default `heun`, for a rectified flow `euler`. */
  readonly sampler?: SolverName | undefined;
}

/** Of every sampler here. */
type SamplerOptions = MultistepOptions & ChurnOptions;

/** Sampler and noise levels, ready for `sampleImages`. */
export interface SamplingPlan {
  readonly sampler: Sampler<SamplerOptions>;
  readonly sigmas: readonly number[];
  readonly samplerOptions: SamplerOptions;
  /** Network calls per image, without guidance. */
  readonly nfe: number;
}

/**
 * Chooses how a model is sampled, by what its weights are: one step or several for a consistency function or a jump, a
 * solver for a denoiser, and the one possible way for weights that know a few noise levels alone.
 *
 * @throws UsageError if the wish does not fit the model
 */
export function samplingPlan(description: ModelDescription, wish: SamplingWish = {}): SamplingPlan {
  if (wish.steps !== undefined && wish.sigmas !== undefined) {
    throw new UsageError('Pass either --steps or --sigmas.');
  }
  if (description.kind !== 'denoiser' && wish.sampler !== undefined) {
    throw new UsageError('--sampler: solvers are for denoisers, this model maps noise to images itself. Leave it out.');
  }
  if (description.sampling !== undefined) return fixedPlan(description.sampling, wish);
  return description.kind === 'denoiser' ? solverPlan(description, wish) : consistencyPlan(description, wish);
}

function plan(
  sampler: Sampler<SamplerOptions>,
  sigmas: readonly number[],
  samplerOptions: SamplerOptions = {},
): SamplingPlan {
  return { sampler, sigmas, samplerOptions, nfe: sampler.nfe({ sigmas }) };
}

function fixedPlan({ sampler, sigmas }: NonNullable<ModelDescription['sampling']>, wish: SamplingWish): SamplingPlan {
  const calls = sampler === 'one-step' ? 1 : sigmas.length - 1;
  if (wish.sigmas !== undefined || (wish.steps !== undefined && wish.steps !== calls)) {
    const levels = calls === 1 ? 'one noise level' : `${calls} noise levels`;
    throw new UsageError(
      `--${wish.steps === undefined ? 'sigmas' : 'steps'}: these weights were trained at ${levels} alone and are ` +
        `sampled in ${calls === 1 ? 'one step' : `${calls} steps`}. Leave it out.`,
    );
  }
  if (wish.sampler === 'heun') {
    throw new UsageError('--sampler: these weights were trained for Euler steps. Leave it out.');
  }
  return plan(sampler === 'one-step' ? oneStep : euler, sigmas);
}

function consistencyPlan({ sigmaMin, sigmaMax }: ModelDescription, { steps = 1, sigmas }: SamplingWish): SamplingPlan {
  // Without the last level, sigmaMin, where a consistency function is the identity.
  const levels = sigmas ?? karrasSigmas(steps + 1, { sigmaMin, sigmaMax }).slice(0, -1);
  return levels.length === 1 ? plan(oneStep, levels) : plan(multistep, levels, { sigmaMin });
}

function solverPlan({ sigmaMin, sigmaMax, preconditioning }: ModelDescription, wish: SamplingWish): SamplingPlan {
  const isFlow = preconditioning.name === 'rectified-flow';
  const { sampler = isFlow ? 'euler' : 'heun', steps = 18, sigmas } = wish;
  const solver = sampler === 'euler' ? euler : heun;
  if (sigmas !== undefined) return plan(solver, sigmas.at(-1) === 0 ? sigmas : [...sigmas, 0]);
  if (isFlow) return plan(solver, rectifiedFlowSigmas(steps, sigmaMax));
  if (steps < 2) {
    throw new UsageError(`--steps: this model is a denoiser, which needs at least 2 steps, got ${steps}.`);
  }
  return plan(solver, [...karrasSigmas(steps, { sigmaMin, sigmaMax }), 0]);
}
