import { euler, eulerAncestral, heun, multistep, oneStep } from '@onestep/sampling';
import type { Entry } from '../../golden-json';
import { levelsAtIndices } from '../grid-indices';
import { diffSamplerCases } from './diff-sampler';
import { historyCases } from './history';
import {
  ancestralOptions,
  churnOptions,
  gridOptions,
  onGrid,
  toZero,
  unrounded,
  type SamplerCase,
  type SamplerCases,
} from './sampler-case';
import { singleStepCases } from './single-step';
import { dpmSolverVp } from './vp-frame';

/** How each golden name is run with the samplers that exist. A new sampler adds its line here. */
export const samplerCases: SamplerCases = {
  ...singleStepCases,
  ...historyCases,
  ...diffSamplerCases,
  euler: eulerTo0,
  euler_churn: eulerTo0,
  heun: heunTo0,
  heun_churn: heunTo0,
  euler_ancestral: (entry, file) => onGrid(eulerAncestral, toZero(entry, file), ancestralOptions(entry)),
  openai_heun: heunTo0,
  openai_heun_churn: heunTo0,
  openai_euler: eulerTo0,
  openai_euler_ancestral: (entry, file) => onGrid(eulerAncestral, toZero(entry, file), {}),
  openai_onestep: (entry, file) => onGrid(oneStep, [gridOptions(entry, file).sigmaMax], {}),
  openai_multistep: openaiMultistep,
  edm_sampler: edmSampler,
  edm_sampler_stochastic: edmSampler,
  dpm_solver_vp: dpmSolverVp,
  ect_multistep: (entry) =>
    unrounded(multistep, [entry.number('t_max'), ...entry.numbers('mid_t')], { renoise: 'ect' as const }),
};

function eulerTo0(entry: Entry, file: Entry): SamplerCase {
  return onGrid(euler, toZero(entry, file), churnOptions(entry, 's_'));
}

function heunTo0(entry: Entry, file: Entry): SamplerCase {
  return onGrid(heun, toZero(entry, file), churnOptions(entry, 's_'));
}

function edmSampler(entry: Entry, file: Entry): SamplerCase {
  return unrounded(heun, toZero(entry, file), churnOptions(entry, 'S_'));
}

function openaiMultistep(entry: Entry, file: Entry): SamplerCase {
  const range = gridOptions(entry, file);
  const { levels, lastNoise } = levelsAtIndices(entry, range);
  const run = onGrid(multistep, levels, { sigmaMin: range.sigmaMin });
  return {
    async sample(model, x, options) {
      const estimate = await run.sample(model, x, options);
      if (lastNoise === 0 || options.noise === undefined) return estimate;
      const draw = options.noise(levels.length - 1);
      const result = options.space.combine([1, estimate], [lastNoise, draw]);
      options.space.dispose(estimate);
      options.space.dispose(draw);
      return result;
    },
  };
}
