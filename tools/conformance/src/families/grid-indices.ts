import { karrasSigmas } from '@onestep/core';
import { MalformedCase, type Entry } from '../golden-json';

/** What a run of consistency_models visits. */
export interface VisitedLevels {
  /** Where the consistency function is evaluated. */
  readonly levels: readonly number[];
  /** Std of the noise that the last estimate is left with. */
  readonly lastNoise: number;
}

/**
 * consistency_models lists indices of a Karras grid of "steps" levels, the last of which is not evaluated: the estimate is
 * only brought to its level, which adds nothing at sigmaMin.
 */
export function levelsAtIndices(
  entry: Entry,
  range: { readonly sigmaMin: number; readonly sigmaMax: number; readonly rho: number },
): VisitedLevels {
  const grid = karrasSigmas(entry.number('steps'), range);
  const levels = entry.numbers('ts').map((index) => {
    if (grid[index] === undefined) throw new MalformedCase(`"ts" names level ${index} of ${grid.length}`);
    return grid[index];
  });
  if (levels.length < 2) throw new MalformedCase('"ts" should name two levels at least');
  const last = levels[levels.length - 1];
  return { levels: levels.slice(0, -1), lastNoise: Math.sqrt(Math.max(0, last ** 2 - range.sigmaMin ** 2)) };
}
