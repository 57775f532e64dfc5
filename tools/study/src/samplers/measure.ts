import { gridFor, isAdaptive, planFor, type Levels } from './plan';
import type { Setup } from './setups';

/** One cell of a table. */
export interface Cell {
  /** Network calls that were made, or, of a run that failed, planned. */
  readonly nfe: number;
  readonly value?: number | undefined;
  /** Why there is no value. */
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
) => Promise<{ readonly value: number; readonly nfe: number }>;

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
    const { value, nfe } = await run(setup, sigmas);
    if (planned === undefined || nfe === planned) return { nfe, value };
    return { nfe, failure: `made ${nfe} network calls, but its nfe() says ${planned}` };
  } catch (error) {
    return { nfe: planned ?? 0, failure: error instanceof Error ? error.message : String(error) };
  }
}
