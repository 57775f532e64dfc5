import type { HostTensor } from '../params/host-tensor';
import type { Params } from '../params/params';
import type { HostGroups } from './check-groups';

/** Groups of parameters by role, for example `{ student, target, 'adam.m', 'adam.v', 'ema.0.999' }`. */
export type StepState = Readonly<Record<string, Params>>;

/**
 * One training step as a pure function of tensors: reads nothing back, draws nothing, branches on no value.
 *
 * @param state - what the step advances; the same groups and names come back
 * @param frozen - weights it only reads (a teacher)
 * @param inputs - the batch, the draws, and every number that changes from step to step, as tensors
 */
export type StepFunction = (
  state: StepState,
  frozen: StepState,
  inputs: Params,
) => { readonly state: StepState; readonly outputs: Params };

/**
 * Owns the state of a training run and advances it. Eager and compiled execution are two implementations;
 * a trainer cannot tell them apart.
 */
export interface StepRunner {
  /** One line for people: what executes the step, for example `eager on wasm`. */
  readonly description: string;
  /** Advances the state by one step; returns the step's outputs in host memory. */
  step(inputs: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>>;
  /** The current state in host memory. */
  readState(): Promise<Record<string, Record<string, HostTensor>>>;
  /**
   * Puts other values in the place of whole groups; nothing is traced or compiled again. Not while a step runs.
   *
   * @param values - groups of the state and of the frozen weights by name, copied; groups that are not named stay
   * @throws {@link RangeError} before anything changes, if a group is not there or its names, dtypes or shapes differ
   */
  replace(values: StepReplacement): Promise<void>;
  /** Frees everything. */
  dispose(): void;
}

/** Groups that take the place of a runner's own, each of them whole. */
export interface StepReplacement {
  readonly state?: HostGroups | undefined;
  readonly frozen?: HostGroups | undefined;
}

/**
 * A step in two, for runners that divide the batch: gradients of each part, and one update with what they say together.
 */
export interface StepParts {
  /** Groups of the state that `gradients` reads. */
  readonly weights: readonly string[];
  /**
   * What a part of the batch says, as a pure function of tensors.
   *
   * @param weights - the groups named above
   * @param frozen - as the step gets them
   * @param inputs - as the step gets them; those that are no scalars begin with the part of the batch
   * @returns `perImage`, outputs that begin with the part, and `means`, outputs that are averaged over parts of one size
   */
  readonly gradients: (
    weights: StepState,
    frozen: StepState,
    inputs: Params,
  ) => { readonly perImage: Params; readonly means: Params };
  /** The rest: its inputs are what the parts said, put together, and the scalars. Gets no frozen weights. */
  readonly update: StepFunction;
}

/** What a runner is made from. */
export interface StepRunnerOptions {
  readonly step: StepFunction;
  /** The same step in two, if it can be divided. */
  readonly parts?: StepParts | undefined;
  /** Where the state begins, by group and name. */
  readonly state: HostGroups;
  /** Weights that the step only reads, by group and name; default none. */
  readonly frozen?: HostGroups | undefined;
}

/** Makes a runner; the caller disposes it. */
export type StepRunnerFactory = (options: StepRunnerOptions) => Promise<StepRunner>;
