import { karrasSigmas, type Weighting } from '@onestep/core';
import type { HostTensor } from '@onestep/tensor';
import { drawIndex, drawNoise, perImageTensor } from '../objectives/image-draws';
import type { DrawRequest } from '../objectives/objective';

/** Ends and exponent of the Karras grid. */
export interface GridOptions {
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  readonly rho: number;
}

/**
 * Draws of CD and CT: noise, and a pair of neighbours sigma_i > sigma_(i+1) of the descending grid with i uniform in
 * 0 .. numScales - 2, weighted at the larger one.
 */
export function drawGridPairs(
  request: DrawRequest,
  { numScales, grid, weigh }: { readonly numScales: number; readonly grid: GridOptions; readonly weigh: Weighting },
): Record<string, HostTensor> {
  const sigmas = karrasSigmas(numScales, grid);
  const index = drawIndex(request, numScales - 1);
  const sigma = index.map((i) => sigmas[i]);
  const sigmaNext = index.map((i) => sigmas[i + 1]);
  return {
    noise: drawNoise(request),
    sigma: perImageTensor(sigma),
    sigmaNext: perImageTensor(sigmaNext),
    weight: perImageTensor(weigh.batch(sigma, sigmaNext)),
  };
}
