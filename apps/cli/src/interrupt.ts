/**
 * Runs a job that can be interrupted: Ctrl-C (or SIGTERM) aborts the signal, so that the job ends after the running
 * step with a checkpoint; a second one ends the process at once.
 *
 * @param onInterrupt - tells the person that the job is ending
 */
export async function interruptible<T>(onInterrupt: () => void, job: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const handle = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    onInterrupt();
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  try {
    return await job(controller.signal);
  } finally {
    process.off('SIGINT', handle);
    process.off('SIGTERM', handle);
  }
}
