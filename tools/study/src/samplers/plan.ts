import { appendZero, karrasSigmas, type SigmaRange } from '@onestep/core';
import type { Setup } from './setups';

/** Where the noise levels of a comparison lie. */
export interface Levels {
  readonly range: SigmaRange;
  /** Down to 0, as images are sampled, or only to sigmaMin, so that no last denoising hides how a solver converges. */
  readonly end: 'zero' | 'sigmaMin';
}

/** The noise levels that spend a budget of network calls. */
export interface Plan {
  readonly sigmas: readonly number[];
  /** Calls they take, the budget at most. */
  readonly nfe: number;
}

/** The Karras grid of so many levels, in the form a sampler takes. */
export function gridFor({ sampler }: Setup, numLevels: number, { range, end }: Levels): readonly number[] {
  return end === 'zero' && sampler.finalZero === 'expected'
    ? appendZero(karrasSigmas(numLevels - 1, range))
    : karrasSigmas(numLevels, range);
}

/**
 * The longest grid within a budget.
 *
 * @returns undefined where no grid is that cheap, or where the sampler decides its calls as it goes
 */
export function planFor(setup: Setup, budget: number, levels: Levels): Plan | undefined {
  for (let numLevels = budget + 2; numLevels >= 2; numLevels -= 1) {
    const sigmas = gridFor(setup, numLevels, levels);
    const nfe = setup.sampler.nfe({ ...setup.options, sigmas });
    if (nfe === undefined) return undefined;
    if (nfe > 0 && nfe <= budget) return { sigmas, nfe };
  }
  return undefined;
}

/** Whether a sampler decides its calls as it goes, so that no budget can be set. */
export function isAdaptive(setup: Setup): boolean {
  const sigmas = gridFor(setup, 3, { range: {}, end: 'zero' });
  return setup.sampler.nfe({ ...setup.options, sigmas }) === undefined;
}
