import { requirePositive } from '../internal/arguments';
import type { NoiseSchedule } from '../schedules/noise-schedule';
import type { VectorSpace } from '../vector-space';

/** D(x, sigma) at one noise level for the whole batch, in any vector space. */
export type ScalarDenoiser<X> = (x: X, sigma: number) => X;

/**
 * Right side of the probability-flow ODE in sigma, dx/dsigma = (x - D(x, sigma)) / sigma.
 *
 * @param space - arithmetic on X
 * @param denoise - D; one call
 * @param x - point, at noise level sigma
 * @param sigma - > 0
 * @returns the derivative, shape of x; the caller disposes it
 * @throws {@link RangeError} if sigma <= 0
 * @see Karras et al. 2022, Eq. 1 with s = 1, sigma(t) = t
 */
export function pfOdeDerivative<X>(space: VectorSpace<X>, denoise: ScalarDenoiser<X>, x: X, sigma: number): X {
  requirePositive('pfOdeDerivative', 'sigma', sigma);
  return space.scope(() => space.combine([1 / sigma, x], [-1 / sigma, denoise(x, sigma)]));
}

/** What {@link scheduledPfOdeDerivative} is about. */
export interface ScheduledPfOde<X> {
  readonly schedule: NoiseSchedule;
  /** D of the unscaled image, at noise level sigma(t). */
  readonly denoise: ScalarDenoiser<X>;
}

/**
 * Right side of the probability-flow ODE of any noise schedule, in its own time:
 * dx/dt = (sigma'/sigma + s'/s) x - (sigma' s / sigma) D(x / s, sigma).
 *
 * @param space - arithmetic on X
 * @param ode - `schedule` and `denoise`; one call
 * @param x - point at time t, scale included
 * @param t - time with sigma(t) > 0
 * @returns the derivative, shape of x; the caller disposes it
 * @throws {@link RangeError} if sigma(t) is not > 0
 * @see Karras et al. 2022, Eq. 81
 */
export function scheduledPfOdeDerivative<X>(
  space: VectorSpace<X>,
  { schedule, denoise }: ScheduledPfOde<X>,
  x: X,
  t: number,
): X {
  const sigma = schedule.sigma(t);
  requirePositive('scheduledPfOdeDerivative', `sigma(${t})`, sigma);
  const scale = schedule.scale(t);
  const rate = schedule.sigmaDerivative(t) / sigma;
  return space.scope(() => {
    const denoised = denoise(space.combine([1 / scale, x]), sigma);
    return space.combine([rate + schedule.scaleDerivative(t) / scale, x], [-rate * scale, denoised]);
  });
}
