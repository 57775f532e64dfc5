import type { HostGroups } from '../optimizers/optimizer';
import type { EvaluationState } from './evaluation';
import { emptyWindow } from './log-window';
import type { StagePosition } from './stages';
import type { LogWindow, Snapshot, TrainingState } from './training-state';
import { emptyWatch, type WatchState } from './watch/watch-state';

/** Where the run stands; advanced in place, after each complete step. */
export interface RunPosition extends StagePosition {
  step: number;
  imagesSeen: number;
  sinceLog: LogWindow;
  watch: WatchState;
  evaluation: EvaluationState | undefined;
  /** What a rollback returns to; only under that policy. */
  snapshot: Snapshot | undefined;
}

/** The position of a state, or of a run that has not begun. */
export function positionOf(state: TrainingState | undefined): RunPosition {
  return {
    step: state?.step ?? 0,
    imagesSeen: state?.imagesSeen ?? 0,
    stage: state?.stage ?? 0,
    updates: state?.updates ?? 0,
    sinceLog: state?.sinceLog ?? emptyWindow,
    watch: state?.watch ?? emptyWatch,
    evaluation: state?.evaluation,
    snapshot: state?.snapshot,
  };
}

/** What a training state holds of a position. A snapshot of this very step would be the state itself. */
export function positionFields(
  position: RunPosition,
): Pick<TrainingState, 'step' | 'imagesSeen' | 'stage' | 'updates' | 'sinceLog' | 'watch' | 'evaluation' | 'snapshot'> {
  const { step, imagesSeen, stage, updates, sinceLog, watch, evaluation, snapshot } = position;
  return {
    step,
    imagesSeen,
    stage,
    updates,
    sinceLog,
    watch,
    ...(evaluation === undefined ? {} : { evaluation }),
    ...(snapshot === undefined || snapshot.step === step ? {} : { snapshot }),
  };
}

/** A snapshot of the groups at a position. */
export function snapshotOf({ step, stage, updates }: RunPosition, groups: HostGroups): Snapshot {
  return { step, stage, updates, groups };
}
