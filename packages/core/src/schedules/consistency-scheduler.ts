import { requireInteger, requirePositive, requireSigmaRange } from '../internal/arguments';
import { karrasSigmaAt, type KarrasOptions } from './karras';

/** Options of {@link consistencySchedulerGrid}. */
export interface ConsistencySchedulerOptions extends KarrasOptions {
  /** Points of the training grid, integer >= 2; default 40. */
  readonly numTrainTimesteps?: number;
}

/** A sampling grid as the diffusers scheduler of consistency models lays it out. */
export interface ConsistencySchedulerGrid {
  /** Levels visited, then sigmaMin: one more than `timesteps`. */
  readonly sigmas: number[];
  /** Network time input of each visited level, 250 ln(sigma + 1e-44). */
  readonly timesteps: number[];
}

/**
 * Levels that the diffusers library's scheduler visits with a consistency model.
 *
 * @param steps - a number of steps S in [1, numTrainTimesteps]: grid indices 0, floor(T / S), 2 floor(T / S), ...;
 *   or strictly decreasing integers in [0, numTrainTimesteps), whose *reversed* list indexes the descending grid
 * @param options - `numTrainTimesteps`, default 40; `sigmaMin`, `sigmaMax`, `rho` as for {@link karrasSigmas}
 * @returns levels and network time inputs
 * @throws {@link RangeError} if a bound is violated
 * @remarks The reversal is the library's behaviour: `[39, 22]` of 40 visits index 22, then 39. It makes published lists
 *   such as `[22, 0]` work, since 0 then names the noisiest level.
 * @see diffusers 0.22.3, CMStochasticIterativeScheduler.set_timesteps
 */
export function consistencySchedulerGrid(
  steps: number | readonly number[],
  { numTrainTimesteps = 40, sigmaMin = 0.002, sigmaMax = 80, rho = 7 }: ConsistencySchedulerOptions = {},
): ConsistencySchedulerGrid {
  const where = 'consistencySchedulerGrid';
  requireInteger(where, 'numTrainTimesteps', numTrainTimesteps, 2);
  requireSigmaRange(where, sigmaMin, sigmaMax);
  requirePositive(where, 'rho', rho);
  const indices = typeof steps === 'number' ? evenIndices(where, steps, numTrainTimesteps) : [...steps].reverse();
  indices.forEach((index, i) => {
    const previous = i === 0 ? -1 : indices[i - 1];
    if (!Number.isInteger(index) || index <= previous || index >= numTrainTimesteps) {
      throw new RangeError(
        `${where}: steps must be strictly decreasing integers in [0, ${numTrainTimesteps}), got [${String(steps)}].`,
      );
    }
  });
  if (indices.length === 0) throw new RangeError(`${where}: steps must not be empty.`);
  const visited = indices.map((i) => karrasSigmaAt(i / (numTrainTimesteps - 1), { sigmaMin, sigmaMax, rho }));
  return { sigmas: [...visited, sigmaMin], timesteps: visited.map((sigma) => 250 * Math.log(sigma + 1e-44)) };
}

function evenIndices(where: string, numSteps: number, numTrainTimesteps: number): number[] {
  requireInteger(where, 'steps', numSteps, 1);
  if (numSteps > numTrainTimesteps) {
    throw new RangeError(`${where}: steps must be <= numTrainTimesteps = ${numTrainTimesteps}, got ${numSteps}.`);
  }
  const stride = Math.floor(numTrainTimesteps / numSteps);
  return Array.from({ length: numSteps }, (_, i) => i * stride);
}
