import type { VectorSpace } from '@onestep/core';

/**
 * Euler step of the PF ODE, written as the point on the line from D to x:
 * x + (sigmaNext - sigma) (x - D) / sigma = (sigmaNext / sigma) x + (1 - sigmaNext / sigma) D; exactly D at sigmaNext = 0.
 */
export function eulerMove<X>(space: VectorSpace<X>, x: X, denoised: X, sigma: number, sigmaNext: number): X {
  const ratio = sigmaNext / sigma;
  return space.combine([ratio, x], [1 - ratio, denoised]);
}
