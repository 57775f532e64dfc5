import { eulerMove } from './euler-move';
import { levelAt, type DpmContext, type DpmInterval } from './dpm-solver-step';

/**
 * One step of DPM-Solver++(2S): D1 at the fraction r of ln sigma, reached by an Euler step, then an Euler step with
 * (1 - 1 / (2 r)) D + D1 / (2 r). Two calls; one, and exactly D, in a step to 0.
 *
 * @see Lu et al. 2022 (DPM-Solver++), Algorithm 1
 */
export async function dpmpp2sMove<X>(
  { space, denoise }: DpmContext<X>,
  x: X,
  interval: DpmInterval,
  r: number,
): Promise<X> {
  const { sigma, sigmaNext } = interval;
  const denoised = await denoise(x, sigma);
  if (sigmaNext === 0) return denoised;
  const middle = levelAt(interval, r);
  const between = await denoise(eulerMove(space, x, denoised, sigma, middle), middle);
  const ratio = sigmaNext / sigma;
  const weight = 0.5 / r;
  return space.combine([ratio, x], [(1 - ratio) * (1 - weight), denoised], [(1 - ratio) * weight, between]);
}
