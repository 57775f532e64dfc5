import type { EmaSnapshot } from '../ema/post-hoc';
import { checkpointSteps, readCheckpointFiles } from './checkpoint-folder';
import { readParams } from '../checkpoints/state-files';
import { openRun } from './run';

/** A stored average and its name in the recipe. */
export interface NamedEmaSnapshot extends EmaSnapshot {
  readonly name: string;
}

/**
 * Reads the power-function averages of all checkpoints of a run, for `postHocEma`.
 *
 * @param runFolder - of a run whose recipe has averages with `power`
 * @param options - `names`: which of them; default all. `fromStep`, `toStep`: which checkpoints; default all but step 0
 * @returns by step, then in the recipe's order; each takes as much memory as the weights
 * @throws {@link OnestepError} as `openRun`; `damaged-checkpoint` naming the file that does not match its manifest
 * @remarks Give the recipe a `checkpoint.keepEvery`, or only the last few checkpoints are left.
 */
export async function readEmaSnapshots(
  runFolder: string,
  {
    names,
    fromStep = 1,
    toStep = Infinity,
  }: { readonly names?: readonly string[]; readonly fromStep?: number; readonly toStep?: number } = {},
): Promise<NamedEmaSnapshot[]> {
  const { folder, recipe } = await openRun(runFolder);
  const averages = recipe.ema.flatMap(({ name, power }) =>
    power !== undefined && (names === undefined || names.includes(name)) ? [{ name, ...power }] : [],
  );
  const snapshots: NamedEmaSnapshot[] = [];
  for (const step of await checkpointSteps(folder)) {
    if (step < Math.max(1, fromStep) || step > toStep) continue;
    for (const { name, relativeStd } of averages) {
      const file = `ema-${name}.safetensors`;
      const files = await readCheckpointFiles(folder, step, (candidate) => candidate === file);
      snapshots.push({ name, relativeStd, step, params: readParams(files, file) });
    }
  }
  return snapshots;
}
