/**
 * Makes a function that gives the event loop a turn when the last one is long enough ago. Engines on the main thread
 * never wait, so without it neither a key press nor an abort would be heard during a run.
 *
 * @param everyMs - longest time without a turn; default 20
 */
export function turnTaker(everyMs = 20): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < everyMs) return;
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    last = performance.now();
  };
}
