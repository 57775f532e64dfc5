import type { Condition, Denoiser } from '@onestep/core';
import type { HostTensor, Tensor, Tensor1D } from '@onestep/tensor';

/** Where a run stands when a step begins. */
export interface Progress {
  /** Optimizer steps done, from 0. */
  readonly step: number;
  /** Steps of the whole run. */
  readonly totalSteps: number;
  /** Images seen, from 0: also the number of the first image of the coming batch. */
  readonly imagesSeen: number;
}

/** What draws are made from. */
export interface DrawRequest extends Progress {
  /** Seed of the run, integer in [0, 2^53). */
  readonly seed: number;
  readonly batchSize: number;
  /** Shape of one image, for example `[H, W, C]`, or `[d]`. */
  readonly shape: readonly number[];
}

/** The models an objective may call; which of them it gets, {@link Objective.needs} says. */
export interface ObjectiveModels {
  readonly student: Denoiser;
  /** The student's weights or their slow copy, by `needs.target`. */
  readonly target?: Denoiser | undefined;
  readonly teacher?: Denoiser | undefined;
}

/** One batch as tensors. */
export interface ObjectiveBatch {
  /** Clean images `[B, ...]` in [-1, 1]. */
  readonly images: Tensor;
  /** The draws of {@link Objective.draws}, uploaded. */
  readonly draws: Readonly<Record<string, Tensor>>;
  /** Labels and dropout masks; student and target see the same ones. */
  readonly condition: Condition;
}

/**
 * One training method: its draws, its targets and its loss. Everything on tensors is pure and reads nothing back, so
 * a step made from it can be traced and compiled.
 */
export interface Objective {
  readonly name: string;
  readonly needs: {
    /** Calls a frozen teacher. */
    readonly teacher: boolean;
    /** `stop-gradient`: the student's own weights; `ema`: a slow copy in the state, moved by `curriculum().targetEma`. */
    readonly target: 'none' | 'stop-gradient' | 'ema';
  };
  /** Numbers that follow progress: `numScales`, `targetEma`, `stage`. */
  curriculum(progress: Progress): Readonly<Record<string, number>>;
  /**
   * Every random input of a step, computed in doubles on the host. The draws of image k of the run depend on
   * (seed, purpose, k) and the curriculum alone, not on the batch it is in.
   */
  draws(request: DrawRequest): Readonly<Record<string, HostTensor>>;
  /**
   * What the student is pulled towards, and what else the loss needs without gradient. Called outside of
   * differentiation: no gradient can leak through it.
   */
  targets(models: ObjectiveModels, batch: ObjectiveBatch): Readonly<Record<string, Tensor>>;
  /**
   * Loss of each image, `[B]`, weighting included; the loss of the batch is its mean.
   *
   * @param student - the only model with a gradient
   * @param targets - the result of {@link Objective.targets}
   */
  loss(student: Denoiser, batch: ObjectiveBatch, targets: Readonly<Record<string, Tensor>>): Tensor1D;
}

/** The model of that role, or an error that says the caller forgot it. */
export function requireModel(objective: string, models: ObjectiveModels, role: 'target' | 'teacher'): Denoiser {
  const model = models[role];
  if (model === undefined) throw new TypeError(`${objective}: this objective needs a ${role}, got none.`);
  return model;
}
