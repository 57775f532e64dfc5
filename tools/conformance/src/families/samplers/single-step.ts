import {
  appendZero,
  discretizationSigmas,
  karrasSigmas,
  linearSchedule,
  veSchedule,
  vpLawThrough,
  vpSchedule,
  type DiscretizationName,
} from '@onestep/core';
import {
  dpmpp2s,
  dpmpp2sAncestral,
  dpmppSde,
  dpmSolver2,
  dpmSolver2Ancestral,
  dpmSolverAdaptive,
  dpmSolverFast,
  edmAblation,
  progressiveDistillation,
  type AdaptiveInfo,
} from '@onestep/sampling';
import { MalformedCase, type Entry } from '../../golden-json';
import { karrasOptions } from '../schedules/noise-grids';
import {
  ancestralOptions,
  churnOptions,
  onGrid,
  paramsOf,
  toZero,
  unrounded,
  type SamplerCase,
  type SamplerCases,
} from './sampler-case';
import { inVpFrame, vpLevels } from './vp-frame';

/** Samplers whose steps know no earlier one. */
export const singleStepCases: SamplerCases = {
  dpm_2: (entry, file) => onGrid(dpmSolver2, toZero(entry, file), {}),
  dpm_2_churn: (entry, file) => onGrid(dpmSolver2, toZero(entry, file), churnOptions(entry, 's_')),
  dpm_2_ancestral: (entry, file) => onGrid(dpmSolver2Ancestral, toZero(entry, file), ancestralOptions(entry)),
  dpmpp_2s_ancestral: (entry, file) => onGrid(dpmpp2sAncestral, toZero(entry, file), ancestralOptions(entry)),
  dpmpp_sde: (entry, file) => onGrid(dpmppSde, toZero(entry, file), ancestralOptions(entry)),
  dpm_fast: (entry, file) => onGrid(dpmSolverFast, range(file), { nfe: entry.number('nfe') }),
  dpm_adaptive: adaptive,
  openai_dpm: (entry, file) => onGrid(dpmSolver2, toZero(entry, file), { midpoint: 'karras' as const }),
  openai_dpm_churn: (entry, file) =>
    onGrid(dpmSolver2, toZero(entry, file), { midpoint: 'karras' as const, ...churnOptions(entry, 's_') }),
  // Stops at sigma_min, on a grid of one level more.
  openai_progdist: (entry, file) =>
    onGrid(progressiveDistillation, karrasSigmas(entry.number('n') + 1, karrasOptions(file)), {}),
  // n levels, hence n - 1 steps.
  diffsampler_dpm_2_sampler: (entry, file) =>
    unrounded(
      file,
      onGrid(dpmSolver2, karrasSigmas(entry.number('n'), karrasOptions(file)), { r: paramsOf(entry).number('r') }),
    ),
  edm_ablation: ablation,
};

/** The cases of `dpm_solver_vp` that are single-step methods. */
export function singleStepVp(entry: Entry): SamplerCase {
  const params = paramsOf(entry);
  const method = params.text('method');
  const steps = entry.number('steps');
  const order = params.number('order');
  const what = [params.text('algorithm_type'), method, order, params.text('skip_type')].join(' ');
  if (what === 'dpmsolver singlestep 3 logSNR') {
    return inVpFrame((levels) => onGrid(dpmSolverFast, levels, { nfe: steps }), vpLevels('logSNR', 1));
  }
  if (what === 'dpmsolver++ singlestep_fixed 2 logSNR') {
    return inVpFrame((levels) => onGrid(dpmpp2s, levels, {}), vpLevels('logSNR', Math.floor(steps / order)));
  }
  throw new MalformedCase(`no single-step method is known for "${what}"`);
}

/** The ends of a file's grids. */
function range(file: Entry): number[] {
  const { sigmaMin, sigmaMax } = karrasOptions(file);
  return [sigmaMax, sigmaMin];
}

/** Its steps must be the reference's, too: their sizes depend on every rounding before them only through tolerances. */
function adaptive(entry: Entry, file: Entry): SamplerCase {
  const info = entry.entry('info').entry('float64');
  return {
    async sample(model, x, options) {
      let done: AdaptiveInfo | undefined;
      const own = {
        order: paramsOf(entry).number('order') as 2 | 3,
        onInfo: (now: AdaptiveInfo): void => void (done = now),
      };
      const result = await onGrid(dpmSolverAdaptive, range(file), own).sample(model, x, options);
      if (done?.accepted !== info.number('n_accept') || done.rejected !== info.number('n_reject')) {
        throw new Error(`steps accepted and rejected differ from the reference: ${JSON.stringify(done)}`);
      }
      return result;
    },
  };
}

/** EDM's ablations: VP laws pass through the ends of the grid, images start from latents at double precision. */
function ablation(entry: Entry, file: Entry): SamplerCase {
  const params = paramsOf(entry);
  const name = params.text('discretization') as DiscretizationName;
  // The runs in double precision have their chain in double precision, too.
  const sigmas = discretizationSigmas(name, entry.number('n'), { ...karrasOptions(file), exact: true });
  const schedules = {
    linear: () => linearSchedule,
    ve: () => veSchedule,
    vp: () => vpSchedule(vpLawThrough(sigmas[sigmas.length - 1], sigmas[0])),
  };
  const run = onGrid(edmAblation, appendZero(sigmas), {
    solver: params.text('solver') as 'euler' | 'heun',
    schedule: schedules[params.text('schedule') as keyof typeof schedules](),
    scaling: params.text('scaling') as 'vp' | 'none',
    alpha: params.numberOr('alpha', 1),
  });
  return { ...run, startLevel: sigmas[0] };
}
