import {
  ddimTimesteps,
  discretizationSigmas,
  float64Space,
  karrasSigmas,
  appendZero,
  linearBetaSigmas,
  type DiscretizationName,
} from '@onestep/core';
import { heun } from '@onestep/sampling';
import type { AnyCase, GoldenCase } from '../../case';
import { compare, compareAll, tolerances } from '../../compare';
import { bySection, eachEntry, type Family, type GoldenFile } from '../../family';
import { type Entry, type Json, MalformedCase } from '../../golden-json';

/** Noise levels that samplers visit, and DDIM sub-sequences (`edm_ddim_steps.json`). */
export const visitedLevels: Family = {
  name: 'visited levels',
  recognises: (content) => content.has('edm_ablation') || content.has('ddim') || heunKeysOf(content.json).length > 0,
  cases: (file) => {
    const heunKeys = heunKeysOf(file.content.json);
    return bySection(file, {
      edm_ablation: () => eachEntry(file, 'edm_ablation', ablationCase),
      ...Object.fromEntries(heunKeys.map((key) => [key, () => [heunCase(file, key)]])),
      ddim: () => ddimCases(file),
    });
  },
};

function heunKeysOf(json: Json): readonly string[] {
  return Object.keys(json).filter((key) => key.startsWith('edm_heun_visited_sigmas'));
}

function ablationCase(entry: Entry, name: string): GoldenCase {
  return {
    name,
    run() {
      const optional = (key: string): number | undefined => (entry.has(key) ? entry.number(key) : undefined);
      const sigmas = discretizationSigmas(
        entry.text('discretization') as DiscretizationName,
        entry.number('num_steps'),
        {
          sigmaMin: optional('sigma_min'),
          sigmaMax: optional('sigma_max'),
          rho: optional('rho'),
          tMin: optional('epsilon_s'),
          c1: optional('C_1'),
          c2: optional('C_2'),
          numTimesteps: optional('M'),
        },
      );
      return compare(sigmas, entry.numbers('sigmas'), tolerances.schedule);
    },
  };
}

/** The levels at which the Heun sampler calls its model: two per step, one in the last. */
function heunCase(file: GoldenFile, key: string): GoldenCase {
  return {
    name: `${file.path}#${key}`,
    async run() {
      const expected = file.content.numbers(key);
      const visited: number[] = [];
      const model = (x: Float64Array, sigma: number): Float64Array => {
        visited.push(sigma);
        return x.slice();
      };
      const sigmas = appendZero(karrasSigmas((expected.length + 1) / 2));
      await heun.sample(model, new Float64Array(1), { space: float64Space, sigmas });
      return compare(visited, expected, tolerances.schedule);
    },
  };
}

function ddimCases(file: GoldenFile): readonly AnyCase[] {
  const ddim = file.content.entry('ddim');
  const [betaStart, betaEnd] = ddim.numbers('betas_first_last');
  // The chain's length is stated in words only: "T=1000".
  const numTimesteps = Number(/\bT\s*=\s*(\d+)/.exec(ddim.text('about'))?.[1]);
  if (!Number.isInteger(numTimesteps)) throw new MalformedCase('ddim.about does not state T=...');
  const chain = linearBetaSigmas({ betaStart, betaEnd, numTimesteps });
  const bars = ddim.entry('abar_sample');
  const steps = Object.keys(bars.json).map(Number);
  return [
    {
      name: `${file.path}#ddim.abar_sample`,
      run: () =>
        compare(
          steps.map((t) => 1 / (1 + chain[t] ** 2)),
          steps.map((t) => bars.number(String(t))),
          tolerances.schedule,
        ),
    },
    ...ddim.entries('cases').map((entry, i) => ({
      name: `${file.path}#ddim.${i}`,
      run() {
        const uniform = ddimTimesteps(entry.number('S'), { numTimesteps, spacing: 'uniform' });
        const quad = ddimTimesteps(entry.number('S'), { numTimesteps, spacing: 'quad' });
        return compareAll(
          {
            uniform: [uniform, entry.numbers('uniform')],
            quad: [quad, entry.numbers('quad')],
            sigma_uniform: [uniform.map((t) => chain[t]), entry.numbers('sigma_uniform')],
            sigma_quad: [quad.map((t) => chain[t]), entry.numbers('sigma_quad')],
          },
          tolerances.schedule,
        );
      },
    })),
  ];
}
