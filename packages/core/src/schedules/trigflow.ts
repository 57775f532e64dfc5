import { requireAtLeast, requireFinite, requirePositive } from '../internal/arguments';

/** Data standard deviation of a TrigFlow clock. */
export interface TrigOptions {
  /** Std of the data, > 0; default 0.5. */
  readonly sigmaData?: number;
}

/**
 * TrigFlow angle of a noise level, t = atan(sigma / sigmaData).
 *
 * @param sigma - noise level, >= 0
 * @param options - `sigmaData` > 0, default 0.5
 * @returns the angle, in [0, pi/2)
 * @throws {@link RangeError} if a bound is violated
 * @see Lu & Song 2024, section 3
 */
export function sigmaToTrigTime(sigma: number, { sigmaData = 0.5 }: TrigOptions = {}): number {
  requireAtLeast('sigmaToTrigTime', 'sigma', sigma, 0);
  requirePositive('sigmaToTrigTime', 'sigmaData', sigmaData);
  return Math.atan(sigma / sigmaData);
}

/**
 * Noise level of a TrigFlow angle, sigma = sigmaData tan t.
 *
 * @param t - angle, in [0, pi/2)
 * @param options - `sigmaData` > 0, default 0.5
 * @returns the noise level, >= 0
 * @throws {@link RangeError} if a bound is violated
 * @see Lu & Song 2024, section 3
 */
export function trigTimeToSigma(t: number, { sigmaData = 0.5 }: TrigOptions = {}): number {
  requireAtLeast('trigTimeToSigma', 't', t, 0);
  if (t >= Math.PI / 2) throw new RangeError(`trigTimeToSigma: t must be < pi/2, got ${t}.`);
  requirePositive('trigTimeToSigma', 'sigmaData', sigmaData);
  return sigmaData * Math.tan(t);
}

/** Options of {@link trigProposalTimes}. */
export interface TrigProposalOptions extends TrigOptions {
  /** Mean of ln(sigma); default -1. */
  readonly pMean?: number;
  /** Std of ln(sigma), > 0; default 1.4. */
  readonly pStd?: number;
}

/**
 * Training times of sCM: t = atan(exp(pMean + pStd z) / sigmaData).
 *
 * @param normals - draws z from N(0, 1)
 * @param options - `pMean`, default -1; `pStd` > 0, default 1.4; `sigmaData` > 0, default 0.5
 * @returns one angle per draw, in (0, pi/2)
 * @throws {@link RangeError} if a bound is violated
 * @see Lu & Song 2024, section 3 and Algorithm 1
 */
export function trigProposalTimes(
  normals: ArrayLike<number>,
  { pMean = -1, pStd = 1.4, sigmaData = 0.5 }: TrigProposalOptions = {},
): Float64Array {
  requireFinite('trigProposalTimes', 'pMean', pMean);
  requirePositive('trigProposalTimes', 'pStd', pStd);
  requirePositive('trigProposalTimes', 'sigmaData', sigmaData);
  return Float64Array.from(normals, (z) => Math.atan(Math.exp(pMean + pStd * z) / sigmaData));
}
