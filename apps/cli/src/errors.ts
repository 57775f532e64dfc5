import { OnestepError, type OnestepErrorCode } from '@onestep/tensor';

/** Exit codes of the command line: 0 done, 1 failed, 2 bad usage, 130 interrupted (after a checkpoint). */
export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The caller asked for something that cannot be: a flag out of range, a file that is not there. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** The person interrupted a job that leaves nothing behind, or says in its message what it leaves. */
export class InterruptedError extends Error {
  constructor(message = 'Interrupted.') {
    super(message);
    this.name = 'InterruptedError';
  }
}

/** Errors of arguments and of recipes are the caller's to mend; everything else is a failure of the work. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) return exitCodes.interrupted;
  if (error instanceof UsageError || error instanceof RangeError) return exitCodes.usage;
  return error instanceof OnestepError && usageCodes.has(error.code) ? exitCodes.usage : exitCodes.failed;
}

const usageCodes: ReadonlySet<OnestepErrorCode> = new Set([
  'invalid-recipe',
  'missing-backend',
  'missing-run',
  'run-exists',
]);

/** The error for a file or folder that was named on the command line and cannot be opened. */
export function cannotOpen(place: string, cause: unknown): UsageError {
  const { code } = cause as NodeJS.ErrnoException;
  return new UsageError(code === 'ENOENT' ? `${place} does not exist.` : `${place} cannot be opened (${code}).`);
}

/** The sentence to print, without a stack. System errors are named by what was being done. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return `${path ?? 'The output folder'} cannot be opened (${code}). Change its permissions, or choose another place.`;
  }
  if (code === 'ENOSPC')
    return 'The disk is full (ENOSPC). Free some space, then run `onestep resume` for a run, the same command for samples.';
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return `${path ?? 'A path'} is a file where a folder is needed (${code}).`;
  if (code === 'EISDIR') return `${path ?? 'A path'} is a folder where a file is needed (${code}).`;
  if (code === 'ENOENT') return `${path ?? 'A file'} does not exist.`;
  return error.message;
}
