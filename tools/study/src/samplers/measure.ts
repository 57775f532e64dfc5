import { gridFor, isAdaptive, planFor, type Levels } from './plan';
import type { Setup } from './setups';

/** How far samples are from where they should be, by the name of the measure. */
export type Scores = Readonly<Partial<Record<'rmse' | 'median' | 'slicedWasserstein' | 'fdLenet', number>>>;

/** What one run of a sampler scored. */
export interface Cell {
  /** Network calls that were made, or, of a run that failed, planned. */
  readonly nfe: number;
  readonly scores: Scores;
  /** Why there are no scores. */
  readonly failure?: string | undefined;
}

/** What a setup scored. */
export interface SamplerLine {
  readonly setup: Setup;
  /** Absent where not even the shortest grid fits. */
  readonly byBudget: Readonly<Record<number, Cell>>;
  /** Instead of the above, of samplers that decide their calls as they go. */
  readonly own?: Cell | undefined;
}

/** Samples along noise levels and scores the result. */
export type Run = (
  setup: Setup,
  sigmas: readonly number[],
) => Promise<{ readonly scores: Scores; readonly nfe: number }>;

/** Scores a setup at every budget; what goes wrong becomes part of the line. */
export async function measure(
  setup: Setup,
  budgets: readonly number[],
  levels: Levels,
  run: Run,
): Promise<SamplerLine> {
  if (isAdaptive(setup)) return { setup, byBudget: {}, own: await attempt(setup, gridFor(setup, 3, levels), run) };
  const byBudget: Record<number, Cell> = {};
  for (const budget of budgets) {
    const plan = planFor(setup, budget, levels);
    if (plan === undefined) continue;
    // Several budgets may have room for the same grid only.
    const known = Object.values(byBudget).find(({ nfe }) => nfe === plan.nfe);
    byBudget[budget] = known ?? (await attempt(setup, plan.sigmas, run, plan.nfe));
  }
  return { setup, byBudget };
}

async function attempt(setup: Setup, sigmas: readonly number[], run: Run, planned?: number): Promise<Cell> {
  try {
    const { scores, nfe } = await run(setup, sigmas);
    if (planned === undefined || nfe === planned) return { nfe, scores };
    return { nfe, scores: {}, failure: `made ${nfe} network calls, but its nfe() says ${planned}` };
  } catch (error) {
    return { nfe: planned ?? 0, scores: {}, failure: error instanceof Error ? error.message : String(error) };
  }
}
