import { requireAtLeast, requirePositive } from '../internal/arguments';

/**
 * Equal steps in the time of a rectified flow, t from 1 / (1 + sigmaMax) to 1, as noise levels (1 - t) / t: Euler steps over
 * sigma are then the flow's own Euler steps.
 *
 * @param steps - Euler steps, >= 1
 * @param sigmaMax - where they begin, > 0
 * @returns `steps + 1` levels from sigmaMax down to 0
 * @throws {@link RangeError} if an argument is out of range
 * @see Liu et al. 2022, "Flow straight and fast"
 */
export function rectifiedFlowSigmas(steps: number, sigmaMax: number): number[] {
  requireAtLeast('rectifiedFlowSigmas', 'steps', steps, 1);
  requirePositive('rectifiedFlowSigmas', 'sigmaMax', sigmaMax);
  const begin = 1 / (1 + sigmaMax);
  return Array.from({ length: steps + 1 }, (_, i) => {
    if (i === 0) return sigmaMax;
    const t = begin + ((1 - begin) * i) / steps;
    return i === steps ? 0 : (1 - t) / t;
  });
}
