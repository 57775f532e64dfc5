import type { Sampler } from './sampler';
import { euler } from './samplers/euler';
import { eulerAncestral } from './samplers/euler-ancestral';
import { heun } from './samplers/heun';
import { multistep } from './samplers/multistep';
import { oneStep } from './samplers/one-step';

/** Every sampler under the name that recipes and flags use. A new sampler adds its line here. */
export const samplers = {
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
