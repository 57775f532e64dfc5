import { maxRelativeStd, postHocEma } from '@onestep/training';
import { checkpointSteps, latestStep, loadModel, openRun, readEmaSnapshots, saveModel } from '@onestep/training/node';
import type { Command } from 'commander';
import { join } from 'node:path';
import { UsageError } from '../errors';
import { integerIn, positiveNumber } from '../options';
import { createOutput } from '../output/output';

interface EmaFlags {
  readonly relativeStd: number;
  readonly step?: number;
  readonly out: string;
  readonly json: boolean;
}

/** Residual of a profile above which the result is not what a tracked average would have been. */
const goodResidual = 0.01;

/** `onestep ema RUN`: an average of any width, put together after training from stored ones. */
export function addEma(program: Command): void {
  program
    .command('ema')
    .description('make a power-function average of any width from those that a run stored')
    .argument('<run>', 'a run whose recipe has averages with `power`')
    .requiredOption('--relative-std <x>', 'width as a share of the run, (0, 0.28]', positiveNumber(maxRelativeStd))
    .requiredOption('--out <file>', 'where to write the model (.safetensors)')
    .option('--step <n>', 'step at which the average ends (default: newest checkpoint)', integerIn(1))
    .option('--json', 'print the result as JSON', false)
    .action(async (folder: string, { relativeStd, out, json, ...flags }: EmaFlags) => {
      const output = createOutput({ json });
      const run = await openRun(folder);
      if (!run.recipe.ema.some(({ power }) => power !== undefined)) {
        throw new UsageError(
          `${folder} has no power-function average. Train with "ema": [{ "name": "...", "power": { "relativeStd": 0.05 } }, ...].`,
        );
      }
      const step = flags.step ?? (await latestStep(folder)) ?? 0;
      const snapshots = await readEmaSnapshots(folder, { toStep: step });
      // Past the last stored average nothing is known of the weights.
      if (snapshots.length > 0 && snapshots.every((snapshot) => snapshot.step < step)) {
        const stored = (await checkpointSteps(folder)).join(', ');
        throw new UsageError(`--step: ${folder} has no averages stored at step ${step}, expected one of ${stored}.`);
      }
      if (snapshots.length < 2) {
        throw new UsageError(
          `${folder} has ${snapshots.length} stored averages up to step ${step}, expected at least 2. ` +
            'Two widths in the recipe and `checkpoint.keepEvery` leave more.',
        );
      }
      const [{ params, residual }] = postHocEma(snapshots, [{ relativeStd, step }]);
      const last = snapshots[snapshots.length - 1];
      const source = join(folder, 'checkpoints', String(last.step), `ema-${last.name}.safetensors`);
      await saveModel(out, { model: (await loadModel(source)).model, params });
      if (residual > goodResidual) {
        output.warn(
          `The stored averages reach this one only roughly: residual ${residual.toPrecision(2)}. ` +
            'More checkpoints or widths further apart would do better.',
        );
      }
      output.result({ file: out, run: run.folder, relativeStd, step, snapshots: snapshots.length, residual }, [
        `Average of relative width ${relativeStd} at step ${step}, from ${snapshots.length} stored ones, residual ${residual.toPrecision(2)}`,
        `Written to ${out}`,
      ]);
    });
}
