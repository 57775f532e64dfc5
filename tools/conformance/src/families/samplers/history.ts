import type { SamplerCases } from './sampler-case';

/** Samplers whose steps use the answers of earlier ones. */
export const historyCases: SamplerCases = {};
