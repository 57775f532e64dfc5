import { OnestepError } from '@onestep/tensor';

/** An error about one file of a checkpoint. */
export function damaged(file: string, what: string, cause?: unknown): OnestepError {
  return new OnestepError('damaged-checkpoint', `loadCheckpoint: "${file}" is damaged: ${what}.`, {
    details: { file },
    cause,
  });
}
