import type { Denoiser, Distance, Network, Preconditioning } from '@onestep/core';
import type { Params, StepRunnerFactory } from '@onestep/tensor';
import type { Objective } from '../objectives/objective';
import type { Recipe } from '../recipes/schema';
import type { HostBatch } from './host-batch';
import type { HostParams, LogEntry, TrainingState } from './training-state';
import type { SampleStats } from './watch/sample-spread';
import type { WatchEvent } from './watch/watch-event';

/** Where batches come from: batch n is always the same, whatever was asked for before. */
export type BatchSource = (batchNumber: number) => HostBatch | Promise<HostBatch>;

/** A diffusion model to distil. */
export interface TeacherModel {
  readonly params: HostParams;
  /** Default: the student's network. One without `augmentChannels` is not told how images are augmented. */
  readonly network?: Pick<Network, 'apply' | 'augmentChannels'> | undefined;
  /** Default: EDM with the recipe's `sigmaData` and `cNoise`; never the consistency form. */
  readonly preconditioning?: Preconditioning | undefined;
  /**
   * Replaces network and preconditioning: a teacher of another process, or one known in closed form. It gets all that the
   * student is conditioned on but dropout.
   */
  readonly denoiser?: ((params: Params) => Denoiser) | undefined;
}

/** What a trainer is made from. */
export interface TrainerOptions {
  readonly recipe: Recipe;
  readonly network: Network;
  readonly batches: BatchSource;
  /** For methods that distil, and for recipes with `init.from: 'teacher'`. */
  readonly teacher?: TeacherModel | undefined;
  /** Weights to begin with; default: as `recipe.init.from` says. */
  readonly initial?: HostParams | undefined;
  /** State to go on from, as a checkpoint holds it. */
  readonly resume?: TrainingState | undefined;
  /** For recipes whose `objective.distance` is LPIPS: the distance, made with its weights. */
  readonly distance?: Distance | undefined;
  /** Replaces the recipe's objective, for instance to use a distance the recipe cannot name. */
  readonly objective?: Objective | undefined;
  /** Replaces the recipe's preconditioning. */
  readonly preconditioning?: Preconditioning | undefined;
  /** What executes the steps; default eager, on the current backend. */
  readonly runnerFactory?: StepRunnerFactory | undefined;
  /** Names of the classes, stored with the weights. */
  readonly labelNames?: readonly string[] | undefined;
}

/** What a sample hook receives. */
export interface SampleRequest {
  readonly step: number;
  readonly imagesSeen: number;
  /** Weights to sample with: `student` and each evaluation average by name. */
  readonly params: Readonly<Record<string, HostParams>>;
  readonly model: TrainingState['model'];
}

/** What a run tells the outside; each hook is awaited before the next step. */
export interface TrainerHooks {
  /** After every step, for live progress. */
  readonly onStep?:
    ((progress: { readonly step: number; readonly totalSteps: number; readonly loss: number }) => void) | undefined;
  /** Every `logging.everySteps` steps and after the last one. */
  readonly onLog?: ((entry: LogEntry) => void | Promise<void>) | undefined;
  /**
   * Every `logging.samplesEverySteps` steps and after the last one. Where it tells the spread of its samples, the watch
   * compares it with the data's.
   */
  readonly onSample?:
    | ((request: SampleRequest) => void | Promise<void>)
    | ((request: SampleRequest) => SampleStats | undefined | Promise<SampleStats | undefined>)
    | undefined;
  /**
   * Every `evaluation.everySteps` steps and after the last one: the score of samples of these weights, lower is better; NaN
   * where they have none. Needed for recipes with `evaluation`.
   */
  readonly onEvaluate?: ((request: SampleRequest) => Promise<number>) | undefined;
  /** Every `checkpoint.everySteps` steps, after the last one, at a best evaluation, and when the run is aborted or stopped. */
  readonly onCheckpoint?: ((state: TrainingState) => void | Promise<void>) | undefined;
  /** What the stability watch finds, when it finds it; log lines carry it too. */
  readonly onEvent?: ((event: WatchEvent) => void | Promise<void>) | undefined;
}

/** How a call of {@link Trainer.run} ended. */
export interface TrainingResult {
  /** `early-stopped`: the recipe's patience with its evaluations was over. */
  readonly reason: 'done' | 'aborted' | 'early-stopped';
  readonly step: number;
  readonly imagesSeen: number;
  /** The best evaluation and its step, where there was one. */
  readonly best?: { readonly step: number; readonly value: number } | undefined;
}

/** A training run in memory. */
export interface Trainer {
  /** One line for people: what executes the steps. */
  readonly description: string;
  /** Steps done so far. */
  readonly step: number;
  /** Parameters that the weights to begin with lacked (those of a second time) and that began at random. */
  readonly freshParams: readonly string[];
  /**
   * Trains to `recipe.steps`. An abort ends it after the running step, with a checkpoint; run may be called again.
   *
   * @throws OnestepError `non-finite` if a loss or gradient is not a finite number, `unstable` at an outlier, where the
   * recipe's `watch` says to stop or has acted too often; no checkpoint is written then
   */
  run(options?: TrainerHooks & { readonly signal?: AbortSignal | undefined }): Promise<TrainingResult>;
  /** The complete state, in host memory. */
  readState(): Promise<TrainingState>;
  /** Frees the runner's tensors. */
  dispose(): void;
}
