import { requireInteger, requirePositive, requireSigmaRange } from '../internal/arguments';
import type { SigmaRange } from './karras';

/**
 * Noise grid evenly spaced in ln(sigma), descending.
 *
 * @param numLevels - number of levels, integer >= 1; one level is sigmaMax alone
 * @param options - `sigmaMin` (0, sigmaMax), default 0.002; `sigmaMax`, default 80
 * @returns `numLevels` levels, first `sigmaMax`, last `sigmaMin`, strictly decreasing; no final 0
 * @throws {@link RangeError} if a bound is violated
 * @see k-diffusion, get_sigmas_exponential
 */
export function exponentialSigmas(numLevels: number, { sigmaMin = 0.002, sigmaMax = 80 }: SigmaRange = {}): number[] {
  requireInteger('exponentialSigmas', 'numLevels', numLevels, 1);
  requireSigmaRange('exponentialSigmas', sigmaMin, sigmaMax);
  return powersOfLog(numLevels, sigmaMin, sigmaMax, 1);
}

/** Options of {@link polyexponentialSigmas}. */
export interface PolyexponentialOptions extends SigmaRange {
  /** Exponent of the ramp in ln(sigma), > 0; default 1, the exponential grid. */
  readonly rho?: number;
}

/**
 * Noise grid with a polynomial in ln(sigma), descending.
 *
 * ln sigma_i = ln sigmaMin + (1 - i / (N - 1))^rho (ln sigmaMax - ln sigmaMin)
 *
 * @param numLevels - number of levels N, integer >= 1
 * @param options - `sigmaMin`, default 0.002; `sigmaMax`, default 80; `rho` > 0, default 1
 * @returns N levels, first `sigmaMax`, last `sigmaMin`, strictly decreasing; no final 0
 * @throws {@link RangeError} if a bound is violated
 * @see k-diffusion, get_sigmas_polyexponential
 */
export function polyexponentialSigmas(
  numLevels: number,
  { sigmaMin = 0.002, sigmaMax = 80, rho = 1 }: PolyexponentialOptions = {},
): number[] {
  requireInteger('polyexponentialSigmas', 'numLevels', numLevels, 1);
  requireSigmaRange('polyexponentialSigmas', sigmaMin, sigmaMax);
  requirePositive('polyexponentialSigmas', 'rho', rho);
  return powersOfLog(numLevels, sigmaMin, sigmaMax, rho);
}

function powersOfLog(numLevels: number, sigmaMin: number, sigmaMax: number, rho: number): number[] {
  const last = Math.log(sigmaMin);
  const range = Math.log(sigmaMax) - last;
  return Array.from({ length: numLevels }, (_, i) => {
    if (i === 0) return sigmaMax;
    if (i === numLevels - 1) return sigmaMin;
    const ramp = (1 - i / (numLevels - 1)) ** rho;
    return Math.min(sigmaMax, Math.max(sigmaMin, Math.exp(last + ramp * range)));
  });
}
