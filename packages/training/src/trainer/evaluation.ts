import type { Recipe } from '../recipes/schema';

/** What the run remembers of its evaluations; part of the training state, so that a resumed run stops where an uninterrupted one does. */
export interface EvaluationState {
  /** The lowest value so far; undefined where no value was a finite number yet. */
  readonly best?: { readonly step: number; readonly value: number } | undefined;
  /** Evaluations since then that were not better by `minDelta`. */
  readonly stale: number;
}

/** An evaluation as `metrics.jsonl` has it. */
export interface EvaluationEntry {
  readonly metric?: string | undefined;
  /** NaN (null in JSON) where the samples had no score. */
  readonly value: number;
  /** The lowest value up to here, and its step. */
  readonly best?: { readonly step: number; readonly value: number } | undefined;
}

type Settings = NonNullable<Recipe['evaluation']>;

/**
 * Takes a value into account; lower is better.
 *
 * @returns the new state; `improved` where the value is the best so far, by `minDelta` at least
 */
export function judgeEvaluation(
  state: EvaluationState | undefined,
  { step, value }: { readonly step: number; readonly value: number },
  { earlyStopping }: Pick<Settings, 'earlyStopping'>,
): { readonly state: EvaluationState; readonly improved: boolean } {
  const { best, stale } = state ?? { best: undefined, stale: 0 };
  const minDelta = earlyStopping?.minDelta ?? 0;
  const improved = Number.isFinite(value) && (best === undefined || value < best.value - minDelta);
  if (improved) return { state: { best: { step, value }, stale: 0 }, improved };
  return { state: { ...(best === undefined ? {} : { best }), stale: stale + 1 }, improved };
}

/** True if the recipe's patience is over. */
export function isExhausted({ evaluation }: Pick<Recipe, 'evaluation'>, state: EvaluationState | undefined): boolean {
  const patience = evaluation?.earlyStopping?.patience;
  return patience !== undefined && state !== undefined && state.stale >= patience;
}
