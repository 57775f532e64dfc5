import { OnestepError } from '@onestep/tensor';

/** Exit codes of the command line: 0 done, 1 failed, 2 bad usage, 130 interrupted (after a checkpoint). */
export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The caller asked for something that cannot be: a flag out of range, a file that is not there. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Errors of arguments and of recipes are the caller's to mend; everything else is a failure of the work. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof RangeError) return exitCodes.usage;
  if (error instanceof OnestepError && (error.code === 'invalid-recipe' || error.code === 'missing-backend')) {
    return exitCodes.usage;
  }
  return exitCodes.failed;
}

/** The sentence to print, without a stack. System errors are named by what was being done. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return `${path ?? 'the output folder'} cannot be written (${code}). Choose another folder with --out.`;
  }
  if (code === 'ENOSPC') return 'The disk is full (ENOSPC). Free some space, then run `onestep resume`.';
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return `${path ?? 'A path'} is a file where a folder is needed (${code}).`;
  if (code === 'ENOENT') return `${path ?? 'A file'} does not exist.`;
  return error.message;
}
