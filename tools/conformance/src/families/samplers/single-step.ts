import type { SamplerCases } from './sampler-case';

/** Samplers whose steps know no earlier one. */
export const singleStepCases: SamplerCases = {};
