import type { Sampler } from './sampler';
import { ctm } from './samplers/ctm';
import { deis } from './samplers/deis';
import { dpmSolverMultistep } from './samplers/dpm-solver-multistep';
import { dpmpp2m } from './samplers/dpmpp-2m';
import { dpmpp2mSde } from './samplers/dpmpp-2m-sde';
import { dpmpp3mSde } from './samplers/dpmpp-3m-sde';
import { dpmppMultistep } from './samplers/dpmpp-multistep';
import { ipndm } from './samplers/ipndm';
import { lms } from './samplers/lms';
import { scm } from './samplers/scm';
import { unipc } from './samplers/unipc';
import { ddim } from './samplers/ddim';
import { ddpm } from './samplers/ddpm';
import { dpmSolver2 } from './samplers/dpm-solver-2';
import { dpmSolver2Ancestral } from './samplers/dpm-solver-2-ancestral';
import { dpmSolver3 } from './samplers/dpm-solver-3';
import { dpmSolverAdaptive } from './samplers/dpm-solver-adaptive';
import { dpmSolverFast } from './samplers/dpm-solver-fast';
import { dpmpp2s } from './samplers/dpmpp-2s';
import { dpmpp2sAncestral } from './samplers/dpmpp-2s-ancestral';
import { dpmpp3s } from './samplers/dpmpp-3s';
import { dpmppSde } from './samplers/dpmpp-sde';
import { edmAblation } from './samplers/edm-ablation';
import { predictorCorrector } from './samplers/predictor-corrector';
import { progressiveDistillation } from './samplers/progressive-distillation';
import { euler } from './samplers/euler';
import { eulerAncestral } from './samplers/euler-ancestral';
import { heun } from './samplers/heun';
import { multistep } from './samplers/multistep';
import { oneStep } from './samplers/one-step';

/** Every sampler under the name that recipes and flags use. A new sampler adds its line here. */
export const samplers = {
  ctm,
  deis,
  'dpm-solver-multistep': dpmSolverMultistep,
  'dpmpp-2m': dpmpp2m,
  'dpmpp-2m-sde': dpmpp2mSde,
  'dpmpp-3m-sde': dpmpp3mSde,
  'dpmpp-multistep': dpmppMultistep,
  ipndm,
  lms,
  scm,
  unipc,
  ddim,
  ddpm,
  'dpm-solver-2': dpmSolver2,
  'dpm-solver-2-ancestral': dpmSolver2Ancestral,
  'dpm-solver-3': dpmSolver3,
  'dpm-solver-adaptive': dpmSolverAdaptive,
  'dpm-solver-fast': dpmSolverFast,
  'dpmpp-2s': dpmpp2s,
  'dpmpp-2s-ancestral': dpmpp2sAncestral,
  'dpmpp-3s': dpmpp3s,
  'dpmpp-sde': dpmppSde,
  'edm-ablation': edmAblation,
  'predictor-corrector': predictorCorrector,
  'progressive-distillation': progressiveDistillation,
  euler,
  'euler-ancestral': eulerAncestral,
  heun,
  multistep,
  'one-step': oneStep,
} as const satisfies Readonly<Record<string, Sampler>>;

/** Name of a registered sampler. */
export type SamplerName = keyof typeof samplers;

/**
 * Looks a sampler up by the name a person typed.
 *
 * @throws RangeError if there is none, listing the known names
 */
export function findSampler(name: string): Sampler {
  if (!Object.hasOwn(samplers, name)) {
    throw new RangeError(`findSampler: no sampler is named "${name}"; known: ${Object.keys(samplers).join(', ')}.`);
  }
  return samplers[name as SamplerName];
}
