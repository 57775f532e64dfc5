import { requirePositive } from '../internal/arguments';

/**
 * A continuous law of noising, x(t) = scale(t) (x0 + sigma(t) n), with everything an ODE solver in t needs.
 * All functions are in double precision and expect t inside the law's own range.
 */
export interface NoiseSchedule {
  readonly name: 'vp' | 've' | 'linear' | 'trigflow' | 'rectified-flow';
  /** Noise level at time t. */
  readonly sigma: (t: number) => number;
  /** Derivative of sigma(t). */
  readonly sigmaDerivative: (t: number) => number;
  /** The time at which the noise level is sigma. */
  readonly timeOf: (sigma: number) => number;
  /** Factor on the image at time t. */
  readonly scale: (t: number) => number;
  /** Derivative of scale(t). */
  readonly scaleDerivative: (t: number) => number;
}

/** Parameters of the variance-preserving process. */
export interface VpOptions {
  /** Slope of beta(t), > 0; default 19.9. */
  readonly betaD?: number;
  /** beta(0), usually >= 0; default 0.1. */
  readonly betaMin?: number;
}

/**
 * Variance-preserving process: sigma(t) = sqrt(exp(betaD t^2 / 2 + betaMin t) - 1), scale(t) = 1 / sqrt(1 + sigma^2).
 *
 * @param options - `betaD`, `betaMin`
 * @returns the law for t in (0, 1]; of a negative betaMin, which a law through given levels may have, for t above
 *   -2 betaMin / betaD, and 0 is the time of level 0
 * @throws {@link RangeError} if betaD <= 0 or betaMin <= -betaD / 2, where sigma(1) would not exist
 * @see Karras et al. 2022, Table 1; Song et al. 2021
 */
export function vpSchedule({ betaD = 19.9, betaMin = 0.1 }: VpOptions = {}): NoiseSchedule {
  requirePositive('vpSchedule', 'betaD', betaD);
  if (!(betaMin > -betaD / 2 && betaMin < Infinity)) {
    throw new RangeError(`vpSchedule: betaMin must be > -betaD / 2 = ${-betaD / 2}, got ${betaMin}.`);
  }
  const sigma = (t: number): number => Math.sqrt(Math.expm1(0.5 * betaD * t * t + betaMin * t));
  const sigmaDerivative = (t: number): number => 0.5 * (betaMin + betaD * t) * (sigma(t) + 1 / sigma(t));
  const scale = (t: number): number => 1 / Math.sqrt(1 + sigma(t) ** 2);
  return {
    name: 'vp',
    sigma,
    sigmaDerivative,
    timeOf: (level) => vpTime(level, betaD, betaMin),
    scale,
    scaleDerivative: (t) => -sigma(t) * sigmaDerivative(t) * scale(t) ** 3,
  };
}

/** Time of noise level sigma under the VP law, without cancellation for small sigma: a quotient where betaMin >= 0. */
export function vpTime(sigma: number, betaD: number, betaMin: number): number {
  if (sigma === 0) return 0;
  const y = 2 * Math.log1p(sigma * sigma);
  const root = Math.sqrt(betaMin * betaMin + betaD * y);
  return betaMin < 0 ? (root - betaMin) / betaD : y / (root + betaMin);
}

/** Variance-exploding process: sigma(t) = sqrt(t), scale 1. @see Song et al. 2021 */
export const veSchedule: NoiseSchedule = {
  name: 've',
  sigma: (t) => Math.sqrt(t),
  sigmaDerivative: (t) => 0.5 / Math.sqrt(t),
  timeOf: (sigma) => sigma * sigma,
  scale: () => 1,
  scaleDerivative: () => 0,
};

/** The process this project uses: sigma(t) = t, scale 1. @see Karras et al. 2022, section 3 */
export const linearSchedule: NoiseSchedule = {
  name: 'linear',
  sigma: (t) => t,
  sigmaDerivative: () => 1,
  timeOf: (sigma) => sigma,
  scale: () => 1,
  scaleDerivative: () => 0,
};

/**
 * TrigFlow: scale(t) = cos t, sigma(t) = sigmaData tan t, t in [0, pi/2).
 *
 * @param options - `sigmaData` > 0, default 0.5
 * @throws {@link RangeError} if sigmaData <= 0
 * @see Lu & Song 2024, section 3
 */
export function trigSchedule({ sigmaData = 0.5 }: { readonly sigmaData?: number } = {}): NoiseSchedule {
  requirePositive('trigSchedule', 'sigmaData', sigmaData);
  return {
    name: 'trigflow',
    sigma: (t) => sigmaData * Math.tan(t),
    sigmaDerivative: (t) => sigmaData / Math.cos(t) ** 2,
    timeOf: (sigma) => Math.atan(sigma / sigmaData),
    scale: (t) => Math.cos(t),
    scaleDerivative: (t) => -Math.sin(t),
  };
}

/** Rectified flow, data at t = 1: x(t) = t x0 + (1 - t) n, so sigma(t) = (1 - t) / t and scale(t) = t, t in (0, 1]. */
export const rectifiedFlowSchedule: NoiseSchedule = {
  name: 'rectified-flow',
  sigma: (t) => (1 - t) / t,
  sigmaDerivative: (t) => -1 / (t * t),
  timeOf: (sigma) => 1 / (1 + sigma),
  scale: (t) => t,
  scaleDerivative: () => 1,
};
