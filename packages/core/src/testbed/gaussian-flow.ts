import { requireAtLeast, requireFinite } from '../internal/arguments';

/** A single isotropic Gaussian as data. */
export interface GaussianFlowOptions {
  /** Mean, d >= 1 numbers. */
  readonly mean: readonly number[];
  /** Std, >= 0; 0 is a point mass. */
  readonly std: number;
}

/** Moves points along the exact trajectories of the PF ODE; arrays hold `B * d` numbers. */
export type GaussianFlow = (x: Float64Array, sigma: number, sigmaNext: number) => Float64Array;

/**
 * Exact solution of the PF ODE for Gaussian data: x' = m + (x - m) sqrt((s^2 + sigmaNext^2) / (s^2 + sigma^2)).
 * With sigmaNext = sigmaMin it is the exact consistency function.
 *
 * @param options - `mean`, `std`
 * @returns the flow between any two levels >= 0; it throws {@link RangeError} if `x` is not a multiple of d long, a level
 *   is negative, or both std and sigma are 0
 * @throws {@link RangeError} if the mean is empty or a value is out of range
 */
export function gaussianFlow({ mean, std }: GaussianFlowOptions): GaussianFlow {
  const where = 'gaussianFlow';
  requireAtLeast(where, 'mean.length', mean.length, 1);
  mean.forEach((m, i) => requireFinite(where, `mean[${i}]`, m));
  requireAtLeast(where, 'std', std, 0);
  return (x, sigma, sigmaNext) => {
    requireAtLeast(where, 'sigma', sigma, 0);
    requireAtLeast(where, 'sigmaNext', sigmaNext, 0);
    if (std === 0 && sigma === 0) throw new RangeError(`${where}: sigma must be > 0 for a point mass, got 0.`);
    if (x.length % mean.length !== 0) {
      throw new RangeError(`${where}: x must hold a multiple of ${mean.length} numbers, got ${x.length}.`);
    }
    const factor = Math.sqrt((std ** 2 + sigmaNext ** 2) / (std ** 2 + sigma ** 2));
    return x.map((value, i) => mean[i % mean.length] + (value - mean[i % mean.length]) * factor);
  };
}
