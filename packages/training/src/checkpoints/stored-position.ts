import { OnestepError } from '@onestep/tensor';
import type { TrainingState } from '../trainer/training-state';
import { emptyWatch } from '../trainer/watch/watch-state';
import { damaged } from './damaged';

/** Version of the checkpoint layout; raised when older programs could not read it. */
export const checkpointVersion = 1;

/** `state.json` of a checkpoint: the state without its tensors. */
export type StoredPosition = Omit<TrainingState, 'groups' | 'model' | 'snapshot'> & {
  readonly version: number;
  readonly groupNames: readonly string[];
  readonly snapshot?: { readonly step: number; readonly stage: number; readonly updates: number; readonly groups: readonly string[] }; // prettier-ignore
};

/**
 * Reads `state.json`.
 *
 * @returns the position; what earlier programs did not write has the value it had for them
 * @throws {@link OnestepError} `damaged-checkpoint` if it is not JSON, of another version, or lacks a field
 */
export function parsePosition(bytes: Uint8Array): StoredPosition {
  let parsed: { readonly [K in keyof StoredPosition]?: unknown };
  try {
    parsed = (JSON.parse(new TextDecoder().decode(bytes)) ?? {}) as typeof parsed;
  } catch (cause) {
    throw damaged('state.json', 'it is not JSON', cause);
  }
  if (parsed.version !== checkpointVersion) {
    throw new OnestepError(
      'damaged-checkpoint',
      `loadCheckpoint: the checkpoint has version ${String(parsed.version)}, this program reads ${checkpointVersion}.`,
    );
  }
  const { stage = 0, updates = parsed.step, watch = emptyWatch, sinceLog } = parsed;
  const complete = { ...parsed, stage, updates, watch, sinceLog: withEvents(sinceLog) };
  if (!isPosition(complete)) throw damaged('state.json', 'fields are missing or of the wrong type');
  return complete;
}

/** The window with the events that earlier programs did not have. */
const withEvents = (sinceLog: unknown): unknown => (isRecord(sinceLog) ? { events: [], ...sinceLog } : sinceLog);

function isPosition(value: Readonly<Record<string, unknown>>): value is StoredPosition {
  const { step, imagesSeen, seed, stage, updates, groupNames, sinceLog, curriculum, watch, evaluation, snapshot } =
    value;
  return (
    [step, imagesSeen, seed, stage, updates].every(isCount) &&
    isNames(groupNames) &&
    groupNames.includes('student') &&
    isRecord(sinceLog) &&
    isNumbers([sinceLog.steps, sinceLog.lossSum, sinceLog.gradNormSum]) &&
    Array.isArray(sinceLog.events) &&
    isRecord(curriculum) &&
    isRecord(watch) &&
    isNumbers(watch.losses) &&
    isNumbers(watch.gradNorms) &&
    isCount(watch.acted) &&
    isRecord(watch.sums) &&
    Object.values(watch.sums).every(isNumbers) &&
    isEvaluation(evaluation) &&
    (snapshot === undefined ||
      (isRecord(snapshot) &&
        [snapshot.step, snapshot.stage, snapshot.updates].every(isCount) &&
        isNames(snapshot.groups)))
  );
}

function isEvaluation(value: unknown): boolean {
  if (value === undefined) return true;
  if (!isRecord(value) || !isCount(value.stale)) return false;
  const { best } = value;
  return best === undefined || (isRecord(best) && isCount(best.step) && isNumbers([best.value]));
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');
const isNumbers = (value: unknown): boolean =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'number');
