import { requireFinite, requirePositive } from '../internal/arguments';

/** Parameters of a lognormal law of sigma. */
export interface LognormalOptions {
  /** Mean of ln(sigma); default -1.2, EDM's (iCT and ECT: -1.1). */
  readonly pMean?: number;
  /** Std of ln(sigma), > 0; default 1.2, EDM's (iCT and ECT: 2). */
  readonly pStd?: number;
}

/** Maps standard normal draws to noise levels, one for one. */
export type SigmaDistribution = (normals: ArrayLike<number>) => Float64Array;

/**
 * The noise distribution of EDM and ECT: sigma = exp(pMean + pStd z), z from N(0, 1).
 *
 * @param options - `pMean`, `pStd`
 * @returns the map from draws to levels, in double precision
 * @throws {@link RangeError} if pStd <= 0 or pMean is not finite
 * @see Karras et al. 2022, Table 1
 */
export function lognormalSigma({ pMean = -1.2, pStd = 1.2 }: LognormalOptions = {}): SigmaDistribution {
  requireFinite('lognormalSigma', 'pMean', pMean);
  requirePositive('lognormalSigma', 'pStd', pStd);
  return (normals) => Float64Array.from(normals, (z) => Math.exp(pMean + pStd * z));
}
