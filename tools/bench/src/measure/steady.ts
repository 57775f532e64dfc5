/** What stayed and what grew over many steps. */
export interface Steadiness {
  readonly steps: number;
  /** Tensors alive after the first step, and the smallest and largest number after any later one. */
  readonly tensorsAtStart: number;
  readonly tensorsMin: number;
  readonly tensorsMax: number;
  /** Resident memory after a tenth of the steps (the allocator has settled by then) and after the last, in MB. */
  readonly memoryMbEarly: number;
  readonly memoryMbEnd: number;
}

/**
 * Repeats a step and watches tensors and memory.
 *
 * @param step - one step
 * @param options - `steps` >= 1; `tensors` and `memoryMb` read the two gauges
 * @throws {@link RangeError} if `steps` is below 1
 */
export async function watchSteps(
  step: () => Promise<void>,
  options: { readonly steps: number; readonly tensors: () => number; readonly memoryMb?: () => number },
): Promise<Steadiness> {
  const { steps, tensors, memoryMb = () => process.memoryUsage().rss / 2 ** 20 } = options;
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`watchSteps: steps must be an integer >= 1, got ${steps}.`);
  }
  const counts: number[] = [];
  let memoryMbEarly = 0;
  for (let done = 1; done <= steps; done += 1) {
    await step();
    counts.push(tensors());
    if (done === Math.max(1, Math.ceil(steps / 10))) memoryMbEarly = memoryMb();
  }
  return {
    steps,
    tensorsAtStart: counts[0],
    tensorsMin: Math.min(...counts),
    tensorsMax: Math.max(...counts),
    memoryMbEarly,
    memoryMbEnd: memoryMb(),
  };
}
