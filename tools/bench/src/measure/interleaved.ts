/** Something to measure in turn with others. */
export interface Candidate {
  readonly name: string;
  /** Calls per turn, >= 1, default 1: several for work so short that one call drowns in noise. */
  readonly calls?: number | undefined;
  /** Does the work `calls` times and says how many milliseconds it took in all. */
  readonly run: (calls: number) => Promise<number>;
}

/** How to take turns. */
export interface TurnOptions {
  /** Measured rounds, >= 1. */
  readonly rounds: number;
  /** Rounds before them that are not counted, default 1. */
  readonly warmups?: number | undefined;
  /** Rest before every turn, so that threads the last one left spinning go to sleep; default 0. */
  readonly restMs?: number | undefined;
  /** Called before every turn. */
  readonly onTurn?: ((turn: { readonly round: number; readonly name: string }) => void) | undefined;
}

/**
 * Measures candidates in turns within one process, so that whatever slows the machine slows all of them. Every round
 * begins with another candidate: none always follows the same neighbour.
 *
 * @param candidates - names are distinct
 * @returns milliseconds per call by candidate, one entry per round
 * @throws {@link RangeError} if `rounds` is below 1 or two names are equal
 */
export async function interleaved(
  candidates: readonly Candidate[],
  { rounds, warmups = 1, restMs = 0, onTurn }: TurnOptions,
): Promise<Map<string, number[]>> {
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new RangeError(`interleaved: rounds must be an integer >= 1, got ${rounds}.`);
  }
  const times = new Map(candidates.map(({ name }) => [name, [] as number[]]));
  if (times.size !== candidates.length) throw new RangeError('interleaved: two candidates have the same name.');
  for (let round = -warmups; round < rounds; round += 1) {
    for (const { name, run, calls = 1 } of rotated(candidates, round + warmups)) {
      onTurn?.({ round, name });
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
      const ms = await run(round < 0 ? 1 : calls);
      if (round >= 0) times.get(name)?.push(ms / calls);
    }
  }
  return times;
}

/** Wraps a function, synchronous or not, as the `run` of a candidate, timed here. */
export function timed(work: () => unknown): Candidate['run'] {
  return async (calls) => {
    const start = performance.now();
    for (let call = 0; call < calls; call += 1) await work();
    return performance.now() - start;
  };
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const start = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
