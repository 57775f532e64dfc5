import type { VectorSpace } from '@onestep/core';

/** What the single steps of DPM-Solver work with; a `Step` of the walk is one. */
export interface DpmContext<X> {
  readonly space: VectorSpace<X>;
  readonly denoise: (x: X, sigma: number) => Promise<X>;
}

/** From which level to which. */
export interface DpmInterval {
  readonly sigma: number;
  readonly sigmaNext: number;
}

/** The noise e that x holds: (x - D(x, sigma)) / sigma. One call. */
export async function noiseAt<X>({ space, denoise }: DpmContext<X>, x: X, sigma: number): Promise<X> {
  return space.combine([1 / sigma, x], [-1 / sigma, await denoise(x, sigma)]);
}

/** The level at the fraction r of an interval of lambda = -ln sigma. */
export function levelAt({ sigma, sigmaNext }: DpmInterval, r: number): number {
  return sigma ** (1 - r) * sigmaNext ** r;
}

/**
 * DPM-Solver-1, the same as Euler's step: x - sigma' (e^h - 1) e0 = x - (sigma - sigma') e0.
 *
 * @see Lu et al. 2022 (DPM-Solver), Eq. 3.7
 */
export function firstOrder<X>(space: VectorSpace<X>, x: X, e0: X, { sigma, sigmaNext }: DpmInterval): X {
  return space.combine([1, x], [sigmaNext - sigma, e0]);
}

/**
 * DPM-Solver-2 with e1 taken at the fraction r: x - (sigma - sigma') (e0 + (e1 - e0) / (2 r)).
 *
 * @see Lu et al. 2022 (DPM-Solver), Algorithm 4
 */
export function secondOrder<X>(
  space: VectorSpace<X>,
  x: X,
  [e0, e1]: readonly [X, X],
  { sigma, sigmaNext }: DpmInterval,
  r: number,
): X {
  const step = sigmaNext - sigma;
  return space.combine([1, x], [step * (1 - 0.5 / r), e0], [(step * 0.5) / r, e1]);
}

/**
 * x - (sigma - sigma') e0 - slope sigma' ((e^h - 1) / h - 1) (e - e0), h = ln(sigma / sigma'): the last stage of
 * DPM-Solver-3 with slope 1 / r2, and its second one with r2 / r1.
 *
 * @see Lu et al. 2022 (DPM-Solver), Algorithm 5
 */
export function thirdOrder<X>(
  space: VectorSpace<X>,
  x: X,
  [e0, e]: readonly [X, X],
  { sigma, sigmaNext }: DpmInterval,
  slope: number,
): X {
  const curved = slope * ((sigma - sigmaNext) / Math.log(sigma / sigmaNext) - sigmaNext);
  return space.combine([1, x], [sigmaNext - sigma + curved, e0], [-curved, e]);
}

/** Noise at the fractions r1 and r2 of an interval, the stages of DPM-Solver-3 after the first. */
export async function thirdOrderStages<X>(
  context: DpmContext<X>,
  x: X,
  e0: X,
  interval: DpmInterval,
  { r1, r2 }: { readonly r1: number; readonly r2: number },
): Promise<{ readonly e1: X; readonly e2: X }> {
  const { sigma } = interval;
  const first = { sigma, sigmaNext: levelAt(interval, r1) };
  const second = { sigma, sigmaNext: levelAt(interval, r2) };
  const e1 = await noiseAt(context, firstOrder(context.space, x, e0, first), first.sigmaNext);
  const u2 = thirdOrder(context.space, x, [e0, e1], second, r2 / r1);
  return { e1, e2: await noiseAt(context, u2, second.sigmaNext) };
}

/**
 * One whole step of DPM-Solver of order 1, 2 (r = 1/2) or 3 (r1 = 1/3, r2 = 2/3); as many calls.
 *
 * @see Lu et al. 2022 (DPM-Solver), Algorithms 1 and 2
 */
export async function dpmSolverStep<X>(
  context: DpmContext<X>,
  x: X,
  interval: DpmInterval,
  order: 1 | 2 | 3,
): Promise<X> {
  const { space } = context;
  const e0 = await noiseAt(context, x, interval.sigma);
  if (order === 1) return firstOrder(space, x, e0, interval);
  if (order === 2) {
    const middle = { sigma: interval.sigma, sigmaNext: levelAt(interval, 0.5) };
    const e1 = await noiseAt(context, firstOrder(space, x, e0, middle), middle.sigmaNext);
    return secondOrder(space, x, [e0, e1], interval, 0.5);
  }
  const { e2 } = await thirdOrderStages(context, x, e0, interval, { r1: 1 / 3, r2: 2 / 3 });
  return thirdOrder(space, x, [e0, e2], interval, 3 / 2);
}
