import { float64Space, karrasSigmas, rectifiedFlowSigmas } from '@onestep/core';
import { findSampler, samplers, type ModelKind, type Sampler } from '@onestep/sampling';
import type { ModelDescription } from '@onestep/training';
import { UsageError } from '../errors';
import { parseSamplerOptions, samplerOptionKinds, type OptionValue } from './sampler-options';

/** Solvers that follow the ODE alone, so that an image is a function of its noise; what pairs are made with. */
export const solverNames = ['heun', 'euler'] as const;
/** One of {@link solverNames}. */
export type SolverName = (typeof solverNames)[number];

/** What a person may ask of a sampling. */
export interface SamplingWish {
  /** Consistency functions and jumps: network calls, default 1. Denoisers: steps, default 18. */
  readonly steps?: number | undefined;
  /** Noise levels instead of the default grid, descending. */
  readonly sigmas?: readonly number[] | undefined;
  /**
   * A registered sampler that fits the model. Default for consistency functions and jumps `one-step`, with more levels
   * `multistep`; for denoisers `heun`, for a rectified flow `euler`.
   */
  readonly sampler?: string | undefined;
  /** Options of the sampler, as `key=value`. */
  readonly samplerOption?: readonly string[] | undefined;
}

/** Of any sampler; each reads its own. */
export type PlannedOptions = Readonly<Record<string, OptionValue>>;

/** Sampler and noise levels, ready for `sampleImages`. */
export interface SamplingPlan {
  readonly sampler: Sampler;
  readonly sigmas: readonly number[];
  readonly samplerOptions: PlannedOptions;
  /** Network calls per image, without guidance; a guess where the sampler decides as it goes. */
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
  if (description.sampling !== undefined) return fixedPlan(description.sampling, wish);
  const levels = wish.sigmas?.length ?? wish.steps ?? 1;
  const fallback =
    description.kind === 'denoiser'
      ? isFlow(description)
        ? 'euler'
        : 'heun'
      : levels === 1
        ? 'one-step'
        : 'multistep';
  const sampler = fittingSampler(description, wish.sampler ?? fallback);
  return plan(sampler, levelsFor(description, sampler, wish), {
    ...modelOptions(description, sampler.name),
    ...parseSamplerOptions(sampler.name, wish.samplerOption ?? []),
  });
}

/** Kinds of sampler that can evaluate a model: a jump is a consistency function too. */
export function acceptedKinds(kind: ModelDescription['kind']): readonly ModelKind[] {
  return kind === 'jump' ? ['jump', 'consistency'] : [kind];
}

/**
 * Tries a plan on a single number, without a network, so that levels and options out of range are refused before
 * anything is loaded or written.
 *
 * @throws RangeError as the sampler does
 */
export async function checkPlan({ sampler, sigmas, samplerOptions }: SamplingPlan): Promise<void> {
  const zero = (): Float64Array => new Float64Array(1);
  await sampler.sample(zero, zero(), { ...samplerOptions, space: float64Space, sigmas, noise: zero });
}

function plan(sampler: Sampler, sigmas: readonly number[], samplerOptions: PlannedOptions = {}): SamplingPlan {
  return { sampler, sigmas, samplerOptions, nfe: sampler.nfe({ ...samplerOptions, sigmas }) ?? 3 * sigmas.length };
}

/** The sampler of a name, if it can evaluate the model; every other answer would be silent nonsense. */
function fittingSampler({ kind }: ModelDescription, name: string): Sampler {
  const accepted = acceptedKinds(kind);
  const fitting = Object.values<Sampler>(samplers).filter(({ accepts }) => accepted.includes(accepts));
  const list = `Samplers for it: ${fitting.map((sampler) => sampler.name).join(', ')}.`;
  if (!Object.hasOwn(samplers, name)) throw new UsageError(`--sampler: no sampler is named "${name}". ${list}`);
  const sampler = findSampler(name);
  if (accepted.includes(sampler.accepts)) return sampler;
  const reason =
    kind === 'denoiser'
      ? `${name} evaluates a ${nameOf(sampler.accepts)}, this model is a denoiser.`
      : sampler.accepts === 'denoiser'
        ? `${name} is a solver, and solvers are for denoisers; this model (a ${nameOf(kind)}) maps noise to images itself.`
        : `${name} evaluates a ${nameOf(sampler.accepts)}, this model is a ${nameOf(kind)}.`;
  throw new UsageError(`--sampler: ${reason} ${list}`);
}

const nameOf = (kind: ModelKind): string =>
  ({ denoiser: 'denoiser', consistency: 'consistency function', jump: 'jump function' })[kind];

/** Options whose defaults are facts of the model. */
function modelOptions({ sigmaMin, preconditioning }: ModelDescription, sampler: string): PlannedOptions {
  const kinds = samplerOptionKinds(sampler);
  const { sigmaData } = preconditioning.config;
  return {
    ...('sigmaMin' in kinds ? { sigmaMin } : {}),
    ...('sigmaData' in kinds && typeof sigmaData === 'number' ? { sigmaData } : {}),
  };
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
  // An Euler step by another name, for grids that end above 0.
  const isSame = wish.sampler === 'progressive-distillation' && sampler === 'euler' && sigmas.at(-1) !== 0;
  if (wish.sampler !== undefined && wish.sampler !== sampler && !isSame) {
    const steps = sampler === 'one-step' ? 'a single step (one-step)' : 'Euler steps (euler)';
    throw new UsageError(`--sampler: these weights were trained for ${steps}, got ${wish.sampler}. Leave it out.`);
  }
  const name = wish.sampler ?? sampler;
  return plan(findSampler(name), sigmas, parseSamplerOptions(name, wish.samplerOption ?? []));
}

/** The levels a sampler is given: those asked for, or the usual grid of so many steps. */
function levelsFor(
  description: ModelDescription,
  { name, accepts, finalZero, levels }: Sampler,
  { steps, sigmas }: SamplingWish,
): readonly number[] {
  const { sigmaMin, sigmaMax } = description;
  if (accepts === 'consistency') {
    // Without the last level, sigmaMin, where a consistency function is the identity.
    return sigmas ?? karrasSigmas((steps ?? 1) + 1, { sigmaMin, sigmaMax }).slice(0, -1);
  }
  if (accepts === 'jump') return sigmas ?? karrasSigmas((steps ?? 1) + 1, { sigmaMin, sigmaMax });
  if (sigmas !== undefined) return finalZero === 'refused' || sigmas.at(-1) === 0 ? sigmas : [...sigmas, 0];
  const intervals = steps ?? 18;
  if (isFlow(description)) {
    const grid = rectifiedFlowSigmas(intervals, sigmaMax);
    return finalZero === 'refused' ? grid.slice(0, -1) : grid;
  }
  if (intervals < 2) {
    throw new UsageError(`--steps: this model is a denoiser, which needs at least 2 steps, got ${intervals}.`);
  }
  if (levels === 'ends' && name !== 'dpm-solver-fast' && steps !== undefined) {
    throw new UsageError(`--steps: ${name} chooses its steps itself. Leave it out, or pass its --sampler-option.`);
  }
  if (finalZero === 'refused') return karrasSigmas(intervals + 1, { sigmaMin, sigmaMax });
  return [...karrasSigmas(intervals, { sigmaMin, sigmaMax }), 0];
}

const isFlow = ({ preconditioning }: ModelDescription): boolean => preconditioning.name === 'rectified-flow';
