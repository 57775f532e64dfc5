import type { Denoiser, Network, Preconditioning } from '@onestep/core';
import type { Params } from '@onestep/tensor';
import type { Objective } from '../objectives/objective';
import type { Optimizer } from '../optimizers/optimizer';

/** What a training step is made from. */
export interface TrainStepOptions {
  readonly objective: Objective;
  readonly network: Pick<Network, 'apply' | 'outputWeight' | 'normalizeWeights'>;
  /** Of the student and its target. */
  readonly preconditioning: Preconditioning;
  readonly optimizer: Optimizer;
  /** Names of the evaluation averages; default none. */
  readonly emaNames?: readonly string[] | undefined;
  /** Largest norm of all gradients together; default no clipping. */
  readonly clipNorm?: number | undefined;
  /**
   * Turns the frozen weights `teacher` into a denoiser, for objectives that need one. The teacher of an objective in stages
   * is the student's own network with the weights in the state.
   */
  readonly teacher?: ((params: Params) => Denoiser) | undefined;
  /** The teacher is guided by the scalar input `guidance`; default false. */
  readonly guidance?: boolean | undefined;
  /** Slices the batch is differentiated in, one after another, integer >= 1; default 1. */
  readonly accumulation?: number | undefined;
  /** Keeps no activations inside blocks; default false. */
  readonly recompute?: boolean | undefined;
  /**
   * Leaves the state as it is where the loss is above the scalar input `lossLimit`, the norm of the gradients above
   * `gradLimit`, or either not finite; the output `applied` is then 0, else 1. Default false: every update is made.
   */
  readonly limits?: boolean | undefined;
}
