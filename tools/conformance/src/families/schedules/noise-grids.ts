import {
  ancestralStep,
  appendZero,
  exponentialSigmas,
  karrasSigmas,
  polyexponentialSigmas,
  vpSigmas,
} from '@onestep/core';
import type { GoldenCase } from '../../case';
import { compare, compareAll, tolerances } from '../../compare';
import { bySection, eachEntry, type Family } from '../../family';
import type { Entry } from '../../golden-json';

const grids = {
  karras: (entry: Entry) => karrasSigmas(entry.number('n'), karrasOptions(entry)),
  exponential: (entry: Entry) =>
    exponentialSigmas(entry.number('n'), { sigmaMin: entry.number('sigma_min'), sigmaMax: entry.number('sigma_max') }),
  polyexponential: (entry: Entry) => polyexponentialSigmas(entry.number('n'), karrasOptions(entry)),
  vp: (entry: Entry) =>
    vpSigmas(entry.number('n'), {
      betaD: entry.number('beta_d'),
      betaMin: entry.number('beta_min'),
      tMin: entry.number('eps_s'),
    }),
} as const;

/** Noise grids and ancestral steps of k-diffusion (`sigmas.json`). */
export const noiseGrids: Family = {
  name: 'noise grids',
  recognises: (content) =>
    ['karras', 'exponential', 'polyexponential', 'ancestral_step'].some((key) => content.has(key)),
  cases: (file) =>
    bySection(file, {
      ...Object.fromEntries(
        Object.entries(grids).map(([key, grid]) => [
          key,
          () => eachEntry(file, key, (entry, name) => gridCases(entry, name, () => appendZero(grid(entry)))),
        ]),
      ),
      ancestral_step: () => eachEntry(file, 'ancestral_step', ancestralCase),
    }),
};

/** Every stored version of one grid; those computed in float32 have the wider tolerance. */
function gridCases(entry: Entry, name: string, grid: () => number[]): GoldenCase[] {
  return Object.keys(entry.json)
    .filter((key) => key.startsWith('sigmas'))
    .map((key) => ({
      name: key === 'sigmas' ? name : `${name}/${key}`,
      run: () =>
        compare(grid(), entry.numbers(key), key.includes('f32') ? tolerances.scheduleFloat32 : tolerances.schedule),
    }));
}

function ancestralCase(entry: Entry, name: string): GoldenCase {
  return {
    name,
    run() {
      const sigmas = appendZero(karrasSigmas(entry.number('n'), karrasOptions(entry)));
      const steps = sigmas.slice(1).map((sigmaNext, i) => ancestralStep(sigmas[i], sigmaNext, entry.number('eta')));
      return compareAll(
        {
          sigma_down: [steps.map(({ sigmaDown }) => sigmaDown), entry.numbers('sigma_down')],
          sigma_up: [steps.map(({ sigmaUp }) => sigmaUp), entry.numbers('sigma_up')],
        },
        tolerances.schedule,
      );
    },
  };
}

/** The range and exponent of a Karras grid, as the files name them. */
export function karrasOptions(entry: Entry): { sigmaMin: number; sigmaMax: number; rho: number } {
  return { sigmaMin: entry.number('sigma_min'), sigmaMax: entry.number('sigma_max'), rho: entry.number('rho') };
}
