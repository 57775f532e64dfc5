import { requireAtLeast, requireInteger, requirePositive } from '../internal/arguments';
import { vpSchedule, type VpOptions } from './noise-schedule';

/** Options of {@link vpSigmas}. */
export interface VpSigmasOptions extends VpOptions {
  /** Smallest VP time, in (0, 1); default 1e-3. */
  readonly tMin?: number;
}

/**
 * Noise grid evenly spaced in the time of the variance-preserving process, from t = 1 down to tMin.
 *
 * @param numLevels - number of levels, integer >= 1; one level is sigma(1) alone
 * @param options - `betaD` > 0, default 19.9; `betaMin` >= 0, default 0.1; `tMin` (0, 1), default 1e-3
 * @returns `numLevels` levels, strictly decreasing; no final 0
 * @throws {@link RangeError} if a bound is violated
 * @see k-diffusion, get_sigmas_vp; Song et al. 2021
 */
export function vpSigmas(numLevels: number, { tMin = 1e-3, ...law }: VpSigmasOptions = {}): number[] {
  requireInteger('vpSigmas', 'numLevels', numLevels, 1);
  requirePositive('vpSigmas', 'tMin', tMin);
  requireAtLeast('vpSigmas', 'betaMin', law.betaMin ?? 0, 0);
  if (tMin >= 1) throw new RangeError(`vpSigmas: tMin must be < 1, got ${tMin}.`);
  const { sigma } = vpSchedule(law);
  return Array.from({ length: numLevels }, (_, i) => sigma(1 + (i / Math.max(1, numLevels - 1)) * (tMin - 1)));
}
