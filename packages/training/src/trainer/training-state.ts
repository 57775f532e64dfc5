import type { HostTensor } from '@onestep/tensor';
import type { ModelDescription } from '../model-file/model-description';
import type { HostGroups } from '../optimizers/optimizer';

/** Weights in host memory. */
export type HostParams = Readonly<Record<string, HostTensor>>;

/** Sums over the steps since the last log line; part of the state, so that a resumed run logs the same means. */
export interface LogWindow {
  readonly steps: number;
  readonly lossSum: number;
  readonly gradNormSum: number;
}

/** Everything a run needs to go on exactly where it stopped. Random draws follow from the step and the seed alone. */
export interface TrainingState {
  /** Optimizer steps done; also the number of the next batch. */
  readonly step: number;
  /** Images seen; also the counter of the random streams. */
  readonly imagesSeen: number;
  readonly seed: number;
  /** `student`, `target`, `ema.NAME`, `optimizer.GROUP`. */
  readonly groups: HostGroups;
  /** Numbers of the objective's curriculum at this point, for the reader. */
  readonly curriculum: Readonly<Record<string, number>>;
  readonly sinceLog: LogWindow;
  readonly model: ModelDescription;
}

/** One line of `metrics.jsonl`. */
export interface LogEntry {
  /** Steps done. */
  readonly step: number;
  readonly imagesSeen: number;
  /** Mean over the steps since the last line. */
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
}
