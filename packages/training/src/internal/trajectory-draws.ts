import { karrasSigmas } from '@onestep/core';
import { hostTensor, randomStream, type HostTensor } from '@onestep/tensor';
import { perImageTensor } from '../objectives/image-draws';
import type { DrawRequest } from '../objectives/objective';
import type { GridOptions } from './consistency-pairs';

/**
 * Draws of CTM: per image an interval of the descending grid, sigma_i down to sigma_(i+m), and a level s further down.
 *
 * m in 1 .. maxSolverSteps with probability proportional to m, i uniform in 0 .. N - 1 - m, s = sigma_j with j uniform in
 * i + m .. N - 1.
 *
 * @returns `sigma`, `sigmaNext` and `s` `[B]`, and `levels [B, maxSolverSteps + 1]`, the levels the solver visits: those
 *   of the interval, its last one repeated, where a solver's step leaves the point where it is
 */
export function drawTrajectories(
  { seed, imagesSeen, batchSize }: Pick<DrawRequest, 'seed' | 'imagesSeen' | 'batchSize'>,
  {
    numScales,
    maxSolverSteps,
    grid,
  }: { readonly numScales: number; readonly maxSolverSteps: number; readonly grid: GridOptions },
): Record<'sigma' | 'sigmaNext' | 's' | 'levels', HostTensor> {
  const sigmas = karrasSigmas(numScales, grid);
  const width = maxSolverSteps + 1;
  const sigma = new Float64Array(batchSize);
  const sigmaNext = new Float64Array(batchSize);
  const s = new Float64Array(batchSize);
  const levels = new Float32Array(batchSize * width);
  for (let b = 0; b < batchSize; b += 1) {
    const stream = randomStream(seed, 'train.trajectory', imagesSeen + b);
    const steps = proportionalStep(stream.uniform(1)[0], maxSolverSteps);
    const start = stream.integers(1, numScales - steps)[0];
    const end = start + steps;
    const target = end + stream.integers(1, numScales - end)[0];
    sigma[b] = sigmas[start];
    sigmaNext[b] = sigmas[end];
    s[b] = sigmas[target];
    for (let j = 0; j < width; j += 1) levels[b * width + j] = sigmas[start + Math.min(j, steps)];
  }
  return {
    sigma: perImageTensor(sigma),
    sigmaNext: perImageTensor(sigmaNext),
    s: perImageTensor(s),
    levels: hostTensor(levels, [batchSize, width]),
  };
}

/** The smallest m with m (m + 1) / 2 > u M (M + 1) / 2: probability proportional to m in 1 .. M. */
function proportionalStep(uniform: number, most: number): number {
  const mass = (uniform * most * (most + 1)) / 2;
  let steps = 1;
  while (steps < most && (steps * (steps + 1)) / 2 <= mass) steps += 1;
  return steps;
}
