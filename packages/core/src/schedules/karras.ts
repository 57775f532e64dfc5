import { requireInteger, requirePositive, requireSigmaRange } from '../internal/arguments';

/** Ends of a noise grid. */
export interface SigmaRange {
  /** Smallest level, in (0, sigmaMax); default 0.002. */
  readonly sigmaMin?: number;
  /** Largest level, greater than sigmaMin; default 80. */
  readonly sigmaMax?: number;
}

/** Options of {@link karrasSigmas}. */
export interface KarrasOptions extends SigmaRange {
  /** Exponent, > 0; larger puts more levels near sigmaMin; default 7. */
  readonly rho?: number;
}

/**
 * Noise grid of Karras et al.: evenly spaced in sigma^(1/rho), descending.
 *
 * sigma_i = (sigmaMax^(1/rho) + i / (N - 1) (sigmaMin^(1/rho) - sigmaMax^(1/rho)))^rho
 *
 * @param numLevels - number of levels N, integer >= 1; one level is sigmaMax alone
 * @param options - `sigmaMin`, `sigmaMax`, `rho`
 * @returns N levels in double precision, first `sigmaMax`, last `sigmaMin`, strictly decreasing; no final 0
 * @throws {@link RangeError} if a bound is violated, naming the option and its value
 * @remarks (80^(1/7))^7 is a rounding error above 80: the ends are set exactly, the rest is clipped into the range.
 * @see Karras et al. 2022, Eq. 5
 * @example
 * ```ts
 * const sigmas = karrasSigmas(18); // 80, 57.59, ..., 0.0075, 0.002
 * ```
 */
export function karrasSigmas(
  numLevels: number,
  { sigmaMin = 0.002, sigmaMax = 80, rho = 7 }: KarrasOptions = {},
): number[] {
  requireInteger('karrasSigmas', 'numLevels', numLevels, 1);
  requireSigmaRange('karrasSigmas', sigmaMin, sigmaMax);
  requirePositive('karrasSigmas', 'rho', rho);
  return Array.from({ length: numLevels }, (_, i) =>
    karrasSigmaAt(i / Math.max(1, numLevels - 1), { sigmaMin, sigmaMax, rho }),
  );
}

/** Level at position `ramp` in [0, 1] of the Karras grid: 0 is sigmaMax, 1 is sigmaMin. Arguments are not checked. */
export function karrasSigmaAt(ramp: number, { sigmaMin, sigmaMax, rho }: Required<KarrasOptions>): number {
  if (ramp === 0) return sigmaMax;
  if (ramp === 1) return sigmaMin;
  const first = sigmaMax ** (1 / rho);
  const last = sigmaMin ** (1 / rho);
  return Math.min(sigmaMax, Math.max(sigmaMin, (first + ramp * (last - first)) ** rho));
}

/**
 * Appends the final 0 that ODE samplers integrate to; a consistency model's grid ends at sigmaMin and has none.
 *
 * @param sigmas - descending levels > 0
 * @returns a new list, one longer
 * @throws {@link RangeError} if the list is empty or its last level is not > 0
 */
export function appendZero(sigmas: readonly number[]): number[] {
  requirePositive('appendZero', 'the last level', sigmas.at(-1) ?? Number.NaN);
  return [...sigmas, 0];
}
