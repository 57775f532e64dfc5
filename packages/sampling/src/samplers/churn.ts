import type { Step } from '../internal/walk';

/** Noise added before each step, as in the stochastic sampler of Karras et al. 2022; default: none. */
export interface ChurnOptions {
  /** Total amount, >= 0; a step's level rises by the factor 1 + min(sChurn / numSteps, sqrt(2) - 1). Default 0. */
  readonly sChurn?: number | undefined;
  /** Lowest level that is churned, default 0. */
  readonly sMin?: number | undefined;
  /** Highest level that is churned, default infinity. */
  readonly sMax?: number | undefined;
  /** Std of the added noise relative to what the level asks for, default 1. */
  readonly sNoise?: number | undefined;
}

/** Refuses churn options out of range. */
export function checkChurn(where: string, { sChurn = 0, sMin = 0, sMax = Infinity, sNoise = 1 }: ChurnOptions): void {
  for (const [name, value] of Object.entries({ sChurn, sMin, sMax, sNoise })) {
    if (Number.isNaN(value) || value < 0) throw new RangeError(`${where}: ${name} must be >= 0, got ${value}.`);
  }
}

/**
 * Raises a step's noise level: sigmaHat = sigma (1 + gamma), x + sqrt(sigmaHat^2 - sigma^2) sNoise z.
 *
 * @returns the raised point and level, or the step's own where nothing is added (then no noise is drawn)
 * @see Karras et al. 2022, Algorithm 2
 */
export function churn<X>(
  { x, sigma, space, draw }: Step<X>,
  numSteps: number,
  { sChurn = 0, sMin = 0, sMax = Infinity, sNoise = 1 }: ChurnOptions,
): { readonly x: X; readonly sigma: number } {
  const gamma = sMin <= sigma && sigma <= sMax ? Math.min(sChurn / numSteps, Math.SQRT2 - 1) : 0;
  if (gamma === 0) return { x, sigma };
  const raised = sigma * (1 + gamma);
  const added = Math.sqrt(raised * raised - sigma * sigma) * sNoise;
  return { x: space.combine([1, x], [added, draw()]), sigma: raised };
}
