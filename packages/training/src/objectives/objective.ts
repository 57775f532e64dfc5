import type { Condition, Conditioning, Denoiser, JumpFunction, Preconditioning } from '@onestep/core';
import type { HostTensor, Params, RandomStream, Scalar, Tensor, Tensor1D } from '@onestep/tensor';
import type { Optimizer } from '../optimizers/optimizer';

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

/** A model with given weights, in the forms that objectives call. */
export interface Model {
  /** The network under its preconditioning: a denoiser or a consistency function. */
  readonly denoise: Denoiser;
  /** G(x, sigma, s). @throws {@link TypeError} when called, if the preconditioning describes no jumps. */
  readonly jump: JumpFunction;
  /** The raw network F on inputs that are scaled already. */
  readonly network: (x: Tensor, conditioning: Conditioning) => Tensor;
  readonly preconditioning: Preconditioning;
  /** Weights of the network. */
  readonly params: Params;
  /** What the objective learns beside the network ({@link Objective.auxiliary}); empty for target and teacher. */
  readonly auxiliary: Params;
  /** Name of the weight of the last layer, where the network tells. */
  readonly outputWeight?: string | undefined;
  /** The same model with other weights of the network. */
  readonly withParams: (params: Params) => Model;
}

/** The models an objective may call; which of them it gets, {@link Objective.needs} says. */
export interface ObjectiveModels {
  readonly student: Model;
  /** The student's weights or their slow copy, by `needs.target`. */
  readonly target?: Model | undefined;
  readonly teacher?: Denoiser | undefined;
  /** Where the objective has an adversary: its weights, and 1 in steps whose loss it takes part in, else 0. */
  readonly adversary?: { readonly params: Params; readonly teaches: Scalar } | undefined;
}

/** One batch as tensors. */
export interface ObjectiveBatch {
  /** Clean images `[B, ...]` in [-1, 1]. */
  readonly images: Tensor;
  /** The noise `[B, ...]`, unit normal, from which a teacher made `images`; only where `needs.pairs`. */
  readonly pairNoise?: Tensor | undefined;
  /** The draws of {@link Objective.draws}, uploaded. */
  readonly draws: Readonly<Record<string, Tensor>>;
  /** Labels, augmentation labels and dropout masks; student and target see the same ones. */
  readonly condition: Condition;
}

/** A part of a run that has its own schedule, for methods that train in stages. */
export interface Stage {
  /** From 0. */
  readonly index: number;
  /** Optimizer steps done in this stage, and its length: what the learning rate and the optimizer go by. */
  readonly step: number;
  readonly totalSteps: number;
}

/**
 * A second set of weights that is trained against the student: a discriminator. It has an optimizer of its own, takes turns
 * with the student from `startStep` on, the adversary first, and is no part of averages and model files.
 */
export interface Adversary {
  /** Updates of the student before the adversary's first, integer >= 0. */
  readonly startStep: number;
  readonly optimizer: Optimizer;
  /** Of the adversary, constant. */
  readonly learningRate: number;
  /** Shape of every weight, by name, for images of a shape. */
  shapes(imageShape: readonly number[]): Readonly<Record<string, readonly number[]>>;
  /** Fresh weights in host memory, parameter by parameter from the streams of `rng`. */
  init(imageShape: readonly number[], rng: (name: string) => RandomStream): Readonly<Record<string, HostTensor>>;
  /**
   * The adversary's own loss of each image, `[B]`.
   *
   * @param params - its weights, the only ones with a gradient
   * @param targets - the result of {@link Objective.targets}, which holds what the student made
   */
  loss(params: Params, batch: ObjectiveBatch, targets: Readonly<Record<string, Tensor>>): Tensor1D;
}

/**
 * One training method: its draws, its targets and its loss. Everything on tensors is pure and reads nothing back, so
 * a step made from it can be traced and compiled.
 */
export interface Objective {
  readonly name: string;
  readonly needs: {
    /**
     * `frozen`: a denoiser that never changes; `stages`: a copy of the student's network in the state, which starts from
     * the given teacher and takes over the student's weights whenever {@link Objective.stage} moves on.
     */
    readonly teacher: 'none' | 'frozen' | 'stages';
    /** `stop-gradient`: the student's own weights; `ema`: a slow copy in the state, moved by `curriculum().targetEma`. */
    readonly target: 'none' | 'stop-gradient' | 'ema';
    /** Batches hold images a teacher made and the noise it made them from. */
    readonly pairs?: boolean | undefined;
    /** The network must take a second time. */
    readonly secondTime?: boolean | undefined;
  };
  /** Shapes of what the objective learns beside the network, by name; it starts at zero. */
  readonly auxiliary?: Readonly<Record<string, readonly number[]>> | undefined;
  /** Only for methods without stages. The student's loss holds its term times `models.adversary.teaches`. */
  readonly adversary?: Adversary | undefined;
  /** Numbers that follow progress: `numScales`, `targetEma`, `stage`. */
  curriculum(progress: Progress): Readonly<Record<string, number>>;
  /** For methods in stages: the stage a step belongs to. Default: the whole run is one. */
  stage?(progress: Progress): Stage;
  /**
   * Every random input of a step, computed in doubles on the host. The draws of image k of the run depend on
   * (seed, purpose, k) and the curriculum alone, not on the batch it is in. Every draw that is no scalar begins with the
   * batch, so that a batch can be cut in slices.
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
   * @param models - all of them; none but the student has a gradient, though one flows through them to what the
   *   student made
   */
  loss(
    student: Model,
    batch: ObjectiveBatch,
    targets: Readonly<Record<string, Tensor>>,
    models: Omit<ObjectiveModels, 'student'>,
  ): Tensor1D;
}

/** The target, or an error that says the caller forgot it. */
export function requireTarget(objective: string, models: Pick<ObjectiveModels, 'target'>): Model {
  if (models.target === undefined) throw new TypeError(`${objective}: this objective needs a target, got none.`);
  return models.target;
}

/** The teacher, or an error that says the caller forgot it. */
export function requireTeacher(objective: string, models: Pick<ObjectiveModels, 'teacher'>): Denoiser {
  if (models.teacher === undefined) throw new TypeError(`${objective}: this objective needs a teacher, got none.`);
  return models.teacher;
}

/** The batch's own noise, or an error that says the caller forgot it. */
export function requirePairs(objective: string, batch: ObjectiveBatch): Tensor {
  if (batch.pairNoise === undefined) {
    throw new TypeError(`${objective}: this objective needs pairs of noise and image, got images alone.`);
  }
  return batch.pairNoise;
}

/** The adversary, or an error that says the caller forgot it. */
export function requireAdversary(
  objective: string,
  models: Pick<ObjectiveModels, 'adversary'>,
): NonNullable<ObjectiveModels['adversary']> {
  if (models.adversary === undefined) throw new TypeError(`${objective}: this objective needs an adversary, got none.`);
  return models.adversary;
}
