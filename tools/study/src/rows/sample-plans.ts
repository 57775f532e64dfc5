import { karrasSigmas, rectifiedFlowSigmas } from '@onestep/core';
import { nfeColumns, type SamplePlan } from './row';

type Samples = Readonly<Record<number, SamplePlan>>;
type Range = { readonly sigmaMin: number; readonly sigmaMax: number };

const byNfe = (plan: (nfe: number) => SamplePlan): Samples =>
  Object.fromEntries(nfeColumns.map((nfe) => [nfe, plan(nfe)]));

/** Levels of multistep sampling after the largest one: around the std of the data. */
const laterLevels: Readonly<Record<number, readonly number[]>> = { 1: [], 2: [0.8], 4: [2.5, 0.8, 0.25] };

/** How the models of each kind are sampled, by number of network calls. */
export function samplePlans(range: Range) {
  const grid = (nfe: number): readonly number[] => karrasSigmas(nfe + 1, range);
  return {
    consistency: byNfe((nfe) => ({ kind: 'multistep', levels: [range.sigmaMax, ...laterLevels[nfe]] })),
    jump: byNfe((nfe) => ({ kind: 'jumps', levels: grid(nfe) })),
    /** Euler to 0: the last call is a plain denoising. */
    denoiser: byNfe((nfe) => ({ kind: 'euler', levels: [...karrasSigmas(nfe, range), 0] })),
    /** Euler over the intervals a progressive student was trained on. */
    progressive: byNfe((nfe) => ({ kind: 'euler', levels: grid(nfe) })),
    /** Equal steps in rectified-flow time t = 1 / (1 + sigma), from the time of sigmaMax to 1. */
    flow: byNfe((nfe) => ({ kind: 'euler', levels: rectifiedFlowSigmas(nfe, range.sigmaMax) })),
    single: (sigma: number): Samples => ({ 1: { kind: 'multistep', levels: [sigma] } }),
  };
}
