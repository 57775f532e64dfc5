import { exponentialSigmas, karrasSigmas, vpLawThrough, vpSchedule } from '@onestep/core';
import {
  deis,
  dpmppMultistep,
  dpmSolver2,
  dpmSolverMultistep,
  euler,
  heun,
  ipndm,
  unipc,
  type Sampler,
  type UnipcOptions,
} from '@onestep/sampling';
import { MalformedCase, type Entry } from '../../golden-json';
import { gridOptions, paramsOf, unrounded, type SamplerCase, type SamplerCases } from './sampler-case';

/** The samplers of zju-pi/diff-sampler. */
export const diffSamplerCases: SamplerCases = {
  deis_tab: (entry, file) =>
    fromLatents(file, deis, entry, { order: entry.number('max_order'), coefficients: coefficients(entry) }),
  deis_rhoab: (entry, file) =>
    fromLatents(file, deis, entry, { order: entry.number('max_order'), variant: 'rhoab' as const }),
  diffsampler_euler_sampler: (entry, file) => fromLatents(file, euler, entry, {}),
  diffsampler_heun_sampler: (entry, file) => fromLatents(file, heun, entry, {}),
  diffsampler_dpm_2_sampler: (entry, file) =>
    fromLatents(file, dpmSolver2, entry, { r: paramsOf(entry).numberOr('r', 0.5) }),
  diffsampler_ipndm_sampler: (entry, file) =>
    fromLatents(file, ipndm, entry, { order: paramsOf(entry).numberOr('max_order', 4) }),
  diffsampler_dpm_pp_sampler: (entry, file) => {
    const params = paramsOf(entry);
    const thresholded = params.flagOr('predict_x0', true);
    const run = fromLatents(file, thresholded ? dpmppMultistep : dpmSolverMultistep, entry, {
      order: params.numberOr('max_order', 3),
      lowerOrderFinal: params.flagOr('lower_order_final', true),
    });
    return { ...run, thresholded };
  },
  diffsampler_unipc_sampler: (entry, file) => {
    const params = paramsOf(entry);
    const thresholded = params.flagOr('predict_x0', true);
    const order = params.numberOr('max_order', 3);
    const run = fromLatents(file, unipc, entry, {
      order,
      predict: thresholded ? ('data' as const) : ('noise' as const),
      bFunction: params.textOr('variant', 'bh2') as UnipcOptions['bFunction'],
      lowerOrderFinal: params.flagOr('lower_order_final', true),
      // The reference leaves the last step alone only in runs long enough for the full order.
      correctFinal: entry.number('n') - 1 < order,
    });
    return { ...run, thresholded };
  },
};

/** Starts from the latents in double precision and takes n levels, hence n - 1 steps. */
function fromLatents<Options>(file: Entry, sampler: Sampler<Options>, entry: Entry, own: Options): SamplerCase {
  const params = paramsOf(entry);
  const levels = levelsOf(entry, file);
  const run = unrounded(sampler, levels, own);
  return {
    ...(params.flagOr('afs', false) ? withoutFirstCall(run) : run),
    denoisedAt: params.flagOr('denoise_to_zero', false) ? levels[levels.length - 1] : undefined,
  };
}

/** The first estimate is made up, as if the data had mean 0 and variance 1. */
function withoutFirstCall(run: SamplerCase): SamplerCase {
  return {
    ...run,
    sample(model, x, options) {
      let isFirst = true;
      const answer: typeof model = (at, sigma, target) => {
        if (!isFirst) return model(at, sigma, target);
        isFirst = false;
        return options.space.combine([1 - sigma / Math.hypot(1, sigma), at]);
      };
      return run.sample(answer, x, options);
    },
  };
}

/** The levels stored with a case, or those of its `schedule_type`. */
function levelsOf(entry: Entry, file: Entry): readonly number[] {
  if (entry.has('t_steps')) return entry.numbers('t_steps');
  const params = paramsOf(entry);
  const range = gridOptions(entry, file);
  const numLevels = entry.number('n');
  const type = params.textOr('schedule_type', 'polynomial');
  const rho = params.numberOr('schedule_rho', range.rho);
  switch (type) {
    case 'polynomial':
      return karrasSigmas(numLevels, { ...range, rho });
    case 'logsnr':
      return exponentialSigmas(numLevels, range);
    case 'time_uniform': {
      const tMin = 1e-3;
      const { sigma } = vpSchedule(vpLawThrough(range.sigmaMin, range.sigmaMax, tMin));
      const ramp = (i: number): number => (1 + (i / (numLevels - 1)) * (tMin ** (1 / rho) - 1)) ** rho;
      return Array.from({ length: numLevels }, (_, i) => sigma(ramp(i)));
    }
    default:
      throw new MalformedCase(`unknown schedule_type "${type}"`);
  }
}

/** The weights the reference summed up, one row per step. */
function coefficients(entry: Entry): number[][] {
  const rows = (entry.json as { readonly coefficients?: unknown }).coefficients;
  const isRow = (row: unknown): row is number[] => Array.isArray(row) && row.every((c) => typeof c === 'number');
  if (!Array.isArray(rows) || !rows.every(isRow)) throw new MalformedCase('"coefficients" is not a table of numbers');
  return rows;
}
