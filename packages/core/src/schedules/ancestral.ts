import { requireAtLeast, requirePositive } from '../internal/arguments';

/** How an ancestral step splits: first integrate to `sigmaDown`, then add noise of std `sigmaUp`. */
export interface AncestralStep {
  readonly sigmaDown: number;
  readonly sigmaUp: number;
}

/**
 * Splits a step from sigma to sigmaNext into a deterministic and a random part, sigmaDown^2 + sigmaUp^2 = sigmaNext^2.
 *
 * sigmaUp = min(sigmaNext, eta sqrt(sigmaNext^2 (sigma^2 - sigmaNext^2) / sigma^2))
 *
 * @param sigma - current level, > 0
 * @param sigmaNext - next level, in [0, sigma]
 * @param eta - share of fresh noise, >= 0; 0 is deterministic, 1 (default) the full ancestral step
 * @returns both standard deviations, in [0, sigmaNext]
 * @throws {@link RangeError} if a bound is violated
 * @see k-diffusion, get_ancestral_step; Song et al. 2020 (DDIM), Eq. 16
 */
export function ancestralStep(sigma: number, sigmaNext: number, eta = 1): AncestralStep {
  requirePositive('ancestralStep', 'sigma', sigma);
  requireAtLeast('ancestralStep', 'sigmaNext', sigmaNext, 0);
  requireAtLeast('ancestralStep', 'eta', eta, 0);
  if (sigmaNext > sigma) {
    throw new RangeError(`ancestralStep: sigmaNext must be <= sigma = ${sigma}, got ${sigmaNext}.`);
  }
  const full = (sigmaNext / sigma) * Math.sqrt((sigma - sigmaNext) * (sigma + sigmaNext));
  const sigmaUp = Math.min(sigmaNext, eta * full);
  return { sigmaDown: Math.sqrt((sigmaNext - sigmaUp) * (sigmaNext + sigmaUp)), sigmaUp };
}
