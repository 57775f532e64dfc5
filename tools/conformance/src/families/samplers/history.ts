import { karrasSigmas } from '@onestep/core';
import {
  deis,
  dpmpp2m,
  dpmpp2mSde,
  dpmpp3mSde,
  dpmppMultistep,
  dpmSolverMultistep,
  ipndm,
  lms,
  unipc,
  type Dpmpp2mSdeOptions,
  type Sampler,
  type UnipcOptions,
} from '@onestep/sampling';
import { MalformedCase, type Entry } from '../../golden-json';
import { karrasOptions } from '../schedules/noise-grids';
import { onGrid, paramsOf, toZero, unrounded, type SamplerCase, type SamplerCases } from './sampler-case';
import { singleStepVp } from './single-step';
import { inVpFrame, vpLevels } from './vp-frame';

/** Samplers whose steps use the answers of earlier ones. */
export const historyCases: SamplerCases = {
  lms: (entry, file) => onGrid(lms, toZero(entry, file), { order: paramsOf(entry).number('order') }),
  dpmpp_2m: (entry, file) => onGrid(dpmpp2m, toZero(entry, file), {}),
  dpmpp_2m_sde: (entry, file) =>
    onGrid(dpmpp2mSde, toZero(entry, file), {
      eta: paramsOf(entry).number('eta'),
      solverType: paramsOf(entry).text('solver_type') as Dpmpp2mSdeOptions['solverType'],
    }),
  dpmpp_3m_sde: (entry, file) => onGrid(dpmpp3mSde, toZero(entry, file), { eta: paramsOf(entry).number('eta') }),
  deis_tab: (entry, file) =>
    fromLatents(file, deis, entry, { order: entry.number('max_order'), coefficients: coefficients(entry) }),
  deis_rhoab: (entry, file) =>
    fromLatents(file, deis, entry, { order: entry.number('max_order'), variant: 'rhoab' as const }),
  diffsampler_ipndm_sampler: (entry, file) =>
    fromLatents(file, ipndm, entry, { order: paramsOf(entry).number('max_order') }),
  diffsampler_dpm_pp_sampler: (entry, file) => {
    const params = paramsOf(entry);
    const ofData = params.flag('predict_x0');
    const run = fromLatents(file, ofData ? dpmppMultistep : dpmSolverMultistep, entry, {
      order: params.number('max_order'),
      lowerOrderFinal: params.flag('lower_order_final'),
    });
    return { ...run, thresholded: ofData };
  },
  diffsampler_unipc_sampler: (entry, file) => {
    const params = paramsOf(entry);
    const ofData = params.flag('predict_x0');
    const run = fromLatents(file, unipc, entry, {
      order: params.number('max_order'),
      predict: ofData ? ('data' as const) : ('noise' as const),
      bFunction: params.text('variant') as UnipcOptions['bFunction'],
      lowerOrderFinal: params.flag('lower_order_final'),
    });
    return { ...run, thresholded: ofData };
  },
  // One name for the whole solver: its single-step methods are read beside the others of that kind.
  dpm_solver_vp: (entry) => (paramsOf(entry).text('method') === 'multistep' ? multistepVp(entry) : singleStepVp(entry)),
};

/** zju-pi/diff-sampler takes n levels, hence n - 1 steps, and multiplies the latents in double precision. */
function fromLatents<Options>(file: Entry, sampler: Sampler<Options>, entry: Entry, own: Options): SamplerCase {
  return unrounded(file, onGrid(sampler, karrasSigmas(entry.number('n'), karrasOptions(file)), own));
}

/** The weights the reference summed up, one row per step. */
function coefficients(entry: Entry): number[][] {
  const rows = (entry.json as { readonly coefficients?: unknown }).coefficients;
  const isRow = (row: unknown): row is number[] => Array.isArray(row) && row.every((c) => typeof c === 'number');
  if (!Array.isArray(rows) || !rows.every(isRow)) throw new MalformedCase('"coefficients" is not a table of numbers');
  return rows;
}

/** LuChengTHU/dpm-solver lowers the last orders in runs below 10 steps alone. */
function multistepVp(entry: Entry): SamplerCase {
  const params = paramsOf(entry);
  const steps = entry.number('steps');
  const sampler = params.text('algorithm_type') === 'dpmsolver++' ? dpmppMultistep : dpmSolverMultistep;
  const own = { order: params.number('order'), lowerOrderFinal: steps < 10 };
  return inVpFrame((levels) => onGrid(sampler, levels, own), vpLevels(params.text('skip_type'), steps));
}
