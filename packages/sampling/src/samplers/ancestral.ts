import { ancestralStep, type AncestralStep, type VectorSpace } from '@onestep/core';
import { checkNotNegative } from '../internal/check-options';

/** Options of samplers that split a step into a deterministic part and fresh noise. */
export interface AncestralOptions {
  /** Share of the ancestral noise, >= 0: 0 is deterministic, 1 the full ancestral step. The sampler says its default. */
  readonly eta?: number | undefined;
  /** Std of the added noise relative to what the level asks for, >= 0, default 1. */
  readonly sNoise?: number | undefined;
}

/** Refuses ancestral options out of range. */
export function checkAncestral(where: string, { eta = 1, sNoise = 1 }: AncestralOptions): void {
  checkNotNegative(where, { eta, sNoise });
}

/** x + sigmaUp sNoise z; no noise is drawn where it would be 0. */
export function renoise<X>(space: VectorSpace<X>, x: X, std: number, draw: () => X): X {
  return std === 0 ? x : space.combine([1, x], [std, draw()]);
}

/** The split of every step of a list of levels. */
export function ancestralSteps(sigmas: readonly number[], eta: number): AncestralStep[] {
  return sigmas.slice(1).map((sigmaNext, i) => ancestralStep(sigmas[i], sigmaNext, eta));
}

/** Network calls of samplers that make two per step, save where the deterministic part ends at 0. */
export function twoStageNfe(sigmas: readonly number[], eta: number): number {
  return ancestralSteps(sigmas, eta).reduce((calls, { sigmaDown }) => calls + (sigmaDown === 0 ? 1 : 2), 0);
}
