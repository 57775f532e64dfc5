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
import type { Entry } from '../../golden-json';
import {
  ancestralOptions,
  churnOptions,
  gridOptions,
  onGrid,
  paramsOf,
  toZero,
  unrounded,
  type SamplerCase,
  type SamplerCases,
} from './sampler-case';

/** Samplers whose steps know no earlier one. */
export const singleStepCases: SamplerCases = {
  dpm_2: (entry, file) => onGrid(dpmSolver2, toZero(entry, file), churnOptions(entry, 's_')),
  dpm_2_churn: (entry, file) => onGrid(dpmSolver2, toZero(entry, file), churnOptions(entry, 's_')),
  dpm_2_ancestral: (entry, file) => onGrid(dpmSolver2Ancestral, toZero(entry, file), ancestralOptions(entry)),
  dpmpp_2s_ancestral: (entry, file) => onGrid(dpmpp2sAncestral, toZero(entry, file), ancestralOptions(entry)),
  dpmpp_sde: (entry, file) =>
    onGrid(dpmppSde, toZero(entry, file), { ...ancestralOptions(entry), r: paramsOf(entry).numberOr('r', 0.5) }),
  dpm_fast: (entry, file) =>
    onGrid(dpmSolverFast, ends(entry, file), { nfe: entry.number('nfe'), ...ancestralOptions(entry, 0) }),
  dpm_adaptive: adaptive,
  openai_dpm: openaiDpm,
  openai_dpm_churn: openaiDpm,
  // Stops at sigma_min, on a grid of one level more.
  openai_progdist: (entry, file) =>
    onGrid(progressiveDistillation, karrasSigmas(entry.number('n') + 1, gridOptions(entry, file)), {}),
  edm_ablation: ablation,
};

function openaiDpm(entry: Entry, file: Entry): SamplerCase {
  return onGrid(dpmSolver2, toZero(entry, file), { midpoint: 'karras' as const, ...churnOptions(entry, 's_') });
}

/** The ends of a case's grid. */
function ends(entry: Entry, file: Entry): number[] {
  const { sigmaMin, sigmaMax } = gridOptions(entry, file);
  return [sigmaMax, sigmaMin];
}

/** Its steps must be the reference's, too: their sizes depend on every rounding before them only through tolerances. */
function adaptive(entry: Entry, file: Entry): SamplerCase {
  const params = paramsOf(entry);
  const own = {
    order: params.numberOr('order', 3) as 2 | 3,
    relativeTolerance: params.numberOr('rtol', 0.05),
    absoluteTolerance: params.numberOr('atol', 0.0078),
    initialStep: params.numberOr('h_init', 0.05),
    pid: [params.numberOr('pcoeff', 0), params.numberOr('icoeff', 1), params.numberOr('dcoeff', 0)] as const,
    acceptSafety: params.numberOr('accept_safety', 0.81),
    ...ancestralOptions(entry, 0),
  };
  return {
    async sample(model, x, options) {
      let done: AdaptiveInfo | undefined;
      const onInfo = (now: AdaptiveInfo): void => void (done = now);
      const run = onGrid(dpmSolverAdaptive, ends(entry, file), { ...own, onInfo });
      const result = await run.sample(model, x, options);
      // In single precision a step may end on the other side of its tolerance, as the reference's own may.
      const kinds = x instanceof Float64Array ? ['float64'] : ['float64', 'float32'];
      const infos = entry.has('info') ? kinds.filter((kind) => entry.entry('info').has(kind)) : [];
      const agrees = (kind: string): boolean => {
        const info = entry.entry('info').entry(kind);
        return done?.accepted === info.number('n_accept') && done.rejected === info.number('n_reject');
      };
      if (infos.length > 0 && !infos.some(agrees)) {
        throw new Error(`steps accepted and rejected differ from the reference: ${JSON.stringify(done)}`);
      }
      return result;
    },
  };
}

/** EDM's ablations: VP laws pass through the ends of the range, images start from latents at double precision. */
function ablation(entry: Entry, file: Entry): SamplerCase {
  const params = paramsOf(entry);
  const name = params.text('discretization') as DiscretizationName;
  const { sigmaMin, sigmaMax, rho } = gridOptions(entry, file);
  const tMin = params.numberOr('epsilon_s', 1e-3);
  // A range given as null is the one that the reference has for the discretization.
  const isDefault = (key: string): boolean => params.json[key] === null;
  const sigmas = discretizationSigmas(name, entry.number('n'), {
    sigmaMin: isDefault('sigma_min') ? undefined : sigmaMin,
    sigmaMax: isDefault('sigma_max') ? undefined : sigmaMax,
    rho,
    tMin,
    c1: params.numberOr('C_1', 0.001),
    c2: params.numberOr('C_2', 0.008),
    numTimesteps: params.numberOr('M', 1000),
    // The runs in double precision have their chain in double precision, too.
    exact: true,
  });
  const schedules = {
    linear: () => linearSchedule,
    ve: () => veSchedule,
    vp: () => {
      const low = isDefault('sigma_min') ? sigmas[sigmas.length - 1] : sigmaMin;
      return vpSchedule(vpLawThrough(low, isDefault('sigma_max') ? sigmas[0] : sigmaMax, tMin));
    },
  };
  return unrounded(edmAblation, appendZero(sigmas), {
    solver: params.text('solver') as 'euler' | 'heun',
    schedule: schedules[params.text('schedule') as keyof typeof schedules](),
    scaling: params.text('scaling') as 'vp' | 'none',
    alpha: params.numberOr('alpha', 1),
    ...churnOptions(entry, 'S_'),
  });
}
