import { karrasSigmas } from '@onestep/core';
import { euler, eulerAncestral, heun, multistep, oneStep } from '@onestep/sampling';
import { MalformedCase, type Entry } from '../../golden-json';
import { karrasOptions } from '../schedules/noise-grids';
import { historyCases } from './history';
import {
  ancestralOptions,
  churnOptions,
  onGrid,
  toZero,
  unrounded,
  type SamplerCase,
  type SamplerCases,
} from './sampler-case';
import { singleStepCases } from './single-step';

/** How each golden name is run with the samplers that exist. A new sampler adds its line here. */
export const samplerCases: SamplerCases = {
  ...singleStepCases,
  ...historyCases,
  euler: (entry, file) => onGrid(euler, toZero(entry, file), {}),
  euler_churn: (entry, file) => onGrid(euler, toZero(entry, file), churnOptions(entry, 's_')),
  heun: (entry, file) => onGrid(heun, toZero(entry, file), {}),
  heun_churn: (entry, file) => onGrid(heun, toZero(entry, file), churnOptions(entry, 's_')),
  euler_ancestral: (entry, file) => onGrid(eulerAncestral, toZero(entry, file), ancestralOptions(entry)),
  openai_heun: (entry, file) => onGrid(heun, toZero(entry, file), {}),
  openai_heun_churn: (entry, file) => onGrid(heun, toZero(entry, file), churnOptions(entry, 's_')),
  openai_euler: (entry, file) => onGrid(euler, toZero(entry, file), {}),
  openai_euler_ancestral: (entry, file) => onGrid(eulerAncestral, toZero(entry, file), {}),
  openai_onestep: (_, file) => onGrid(oneStep, [file.number('sigma_max')], {}),
  openai_multistep: openaiMultistep,
  edm_sampler: (entry, file) => unrounded(file, onGrid(heun, toZero(entry, file), {})),
  edm_sampler_stochastic: (entry, file) =>
    unrounded(file, onGrid(heun, toZero(entry, file), churnOptions(entry, 'S_'))),
  ect_multistep: (entry) =>
    onGrid(multistep, [entry.number('t_max'), ...entry.numbers('mid_t')], { renoise: 'ect' as const }),
};

/**
 * The reference lists indices of a grid, the last of which is not evaluated: the estimate is only brought to its level,
 * which adds nothing at sigma_min.
 */
function openaiMultistep(entry: Entry, file: Entry): SamplerCase {
  const range = karrasOptions(file);
  const grid = karrasSigmas(entry.number('steps'), range);
  const levels = entry.numbers('ts').map((index) => {
    if (grid[index] === undefined) throw new MalformedCase(`"ts" names level ${index} of ${grid.length}`);
    return grid[index];
  });
  const last = levels[levels.length - 1];
  const added = Math.sqrt(Math.max(0, last ** 2 - range.sigmaMin ** 2));
  const run = onGrid(multistep, levels.slice(0, -1), { sigmaMin: range.sigmaMin });
  return {
    async sample(model, x, options) {
      const estimate = await run.sample(model, x, options);
      if (added === 0 || options.noise === undefined) return estimate;
      const draw = options.noise(levels.length - 2);
      const result = options.space.combine([1, estimate], [added, draw]);
      options.space.dispose(estimate);
      options.space.dispose(draw);
      return result;
    },
  };
}
