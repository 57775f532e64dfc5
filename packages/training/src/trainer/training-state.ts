import type { HostTensor } from '@onestep/tensor';
import type { ModelDescription } from '../model-file/model-description';
import type { HostGroups } from '../optimizers/optimizer';
import type { EvaluationEntry, EvaluationState } from './evaluation';
import type { WatchEvent } from './watch/watch-event';
import type { WatchState } from './watch/watch-state';

/** Weights in host memory. */
export type HostParams = Readonly<Record<string, HostTensor>>;

/** Sums over the steps since the last log line; part of the state, so that a resumed run logs the same means. */
export interface LogWindow {
  /** Steps that count: those whose update was not discarded. */
  readonly steps: number;
  readonly lossSum: number;
  readonly gradNormSum: number;
  readonly events: readonly WatchEvent[];
}

/** What a rollback returns to. */
export interface Snapshot {
  /** Steps that had been done, and stage and updates at that point. */
  readonly step: number;
  readonly stage: number;
  readonly updates: number;
  readonly groups: HostGroups;
}

/** Everything a run needs to go on exactly where it stopped. Random draws follow from the step and the seed alone. */
export interface TrainingState {
  /** Optimizer steps done; also the number of the next batch. */
  readonly step: number;
  /** Images seen; also the counter of the random streams. */
  readonly imagesSeen: number;
  readonly seed: number;
  /** Stage the state belongs to: at the edge of two still the old one, until the next step is made. */
  readonly stage: number;
  /** Optimizer updates in that stage; less than its steps where updates were discarded. */
  readonly updates: number;
  /** `student`, `auxiliary`, `target`, `teacher`, `ema.NAME`, `optimizer.GROUP`, `adversary`, `adversary.optimizer.GROUP`. */
  readonly groups: HostGroups;
  /** Numbers of the objective's curriculum at this point, for the reader. */
  readonly curriculum: Readonly<Record<string, number>>;
  readonly sinceLog: LogWindow;
  readonly watch: WatchState;
  /** Of runs that are evaluated, once they have been. */
  readonly evaluation?: EvaluationState | undefined;
  /** Under the policy `rollback`, between two regular checkpoints: the state at the last one. */
  readonly snapshot?: Snapshot | undefined;
  readonly model: ModelDescription;
}

/** One line of `metrics.jsonl`. */
export interface LogEntry {
  /** Steps done. */
  readonly step: number;
  readonly imagesSeen: number;
  /** Mean over the steps since the last line whose update was made; NaN if there was none. */
  readonly loss: number;
  /** Mean norm of all gradients together, before clipping. */
  readonly gradNorm: number;
  /** Of the last step. */
  readonly learningRate: number;
  /** Wall-clock throughput since the last line. */
  readonly imagesPerSecond: number;
  /** Tensors alive in the engine after the step. */
  readonly tensors: number;
  readonly curriculum: Readonly<Record<string, number>>;
  /** What the watch found since the last line; absent if nothing. */
  readonly events?: readonly WatchEvent[] | undefined;
  /** The evaluation of this step; absent where there was none. */
  readonly evaluation?: EvaluationEntry | undefined;
}
