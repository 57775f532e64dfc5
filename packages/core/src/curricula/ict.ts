import { erf } from '../internal/erf';
import { requireFinite, requireInteger, requirePositive } from '../internal/arguments';

/** Options of {@link ictNumScales}. */
export interface IctCurriculumOptions {
  /** s0, integer >= 1; default 10. */
  readonly startScales?: number;
  /** s1, integer >= s0; default 1280. */
  readonly endScales?: number;
  /** Length K of the training in steps, integer >= 1. */
  readonly totalSteps: number;
}

/**
 * Number of grid points of improved consistency training: doubles at equal distances.
 *
 * K' = floor(K / (log2(floor(s1 / s0)) + 1)), N(k) = min(s0 2^floor(k / K'), s1) + 1
 *
 * @param step - k, integer >= 0
 * @param options - `startScales`, `endScales`, `totalSteps`
 * @returns N, between s0 + 1 and s1 + 1
 * @throws {@link RangeError} if a bound is violated, or K is shorter than the number of stages
 * @remarks The logarithm is not floored, as in public code; flooring it differs only where s1 / s0 is no power of 2.
 * @see Song & Dhariwal 2023, section 3.4
 */
export function ictNumScales(
  step: number,
  { startScales = 10, endScales = 1280, totalSteps }: IctCurriculumOptions,
): number {
  const where = 'ictNumScales';
  requireInteger(where, 'step', step, 0);
  requireInteger(where, 'startScales', startScales, 1);
  requireInteger(where, 'endScales', endScales, startScales);
  requireInteger(where, 'totalSteps', totalSteps, 1);
  const stages = Math.log2(Math.floor(endScales / startScales)) + 1;
  const stageSteps = Math.floor(totalSteps / stages);
  if (stageSteps < 1) {
    throw new RangeError(
      `${where}: totalSteps must be >= ${Math.ceil(stages)}, the number of stages, got ${totalSteps}.`,
    );
  }
  return Math.min(startScales * 2 ** Math.floor(step / stageSteps), endScales) + 1;
}

/** Options of {@link lognormalIntervals}. */
export interface LognormalIntervalsOptions {
  /** Mean of ln(sigma); default -1.1. */
  readonly pMean?: number;
  /** Std of ln(sigma), > 0; default 2. */
  readonly pStd?: number;
}

/**
 * Probabilities of the intervals of a grid under a lognormal law of sigma, made to sum to 1.
 *
 * p(i) ~ erf((ln sigma_{i+1} - pMean) / (sqrt(2) pStd)) - erf((ln sigma_i - pMean) / (sqrt(2) pStd))
 *
 * @param sigmasAscending - at least two levels > 0, strictly increasing
 * @param options - `pMean`, default -1.1; `pStd` > 0, default 2
 * @returns one probability per interval, `sigmasAscending.length - 1` of them
 * @throws {@link RangeError} if a bound is violated, or the law has no mass on the grid
 * @see Song & Dhariwal 2023, section 3.5
 */
export function lognormalIntervals(
  sigmasAscending: readonly number[],
  { pMean = -1.1, pStd = 2 }: LognormalIntervalsOptions = {},
): Float64Array {
  const where = 'lognormalIntervals';
  requireFinite(where, 'pMean', pMean);
  requirePositive(where, 'pStd', pStd);
  if (sigmasAscending.length < 2)
    throw new RangeError(`${where}: needs at least two levels, got ${sigmasAscending.length}.`);
  const cumulative = sigmasAscending.map((sigma, i) => {
    requirePositive(where, `sigmasAscending[${i}]`, sigma);
    if (i > 0 && sigma <= sigmasAscending[i - 1]) {
      throw new RangeError(
        `${where}: sigmasAscending must be strictly increasing, but [${i}] = ${sigma} follows [${i - 1}] = ${sigmasAscending[i - 1]}.`,
      );
    }
    return erf((Math.log(sigma) - pMean) / (Math.SQRT2 * pStd));
  });
  const masses = Float64Array.from(cumulative.slice(1), (value, i) => value - cumulative[i]);
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  requirePositive(where, 'mass of the law on the grid', total);
  return masses.map((mass) => mass / total);
}

/**
 * Draws intervals by inverse transform: the first i whose cumulated probability exceeds the uniform draw.
 *
 * @param probabilities - >= 0, summing to 1 within 1e-6
 * @param uniforms - draws from [0, 1)
 * @returns one index per draw, in [0, probabilities.length)
 * @throws {@link RangeError} if the probabilities do not sum to 1 or a draw lies outside [0, 1)
 */
export function drawIntervals(probabilities: ArrayLike<number>, uniforms: ArrayLike<number>): Int32Array {
  let total = 0;
  const cumulative = Float64Array.from(probabilities, (p) => (total += p));
  if (!(Math.abs(total - 1) < 1e-6)) throw new RangeError(`drawIntervals: probabilities must sum to 1, got ${total}.`);
  return Int32Array.from(uniforms, (u) => {
    if (!(u >= 0 && u < 1)) throw new RangeError(`drawIntervals: uniforms must lie in [0, 1), got ${u}.`);
    // Scaled by the rounded total, so that a draw just below 1 finds its interval.
    return firstAbove(cumulative, u * total);
  });
}

function firstAbove(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
