import { relative } from 'node:path';
import type { TrainRunResult } from '../compose/train-run';
import { exitCodes } from '../errors';
import { formatDuration } from './format';
import type { Output } from './output';

/** Says how a training ended, and sets the exit code of an interrupted one. */
export function reportTraining(output: Output, result: TrainRunResult): void {
  const { run, reason, step, seconds, engine } = result;
  const folder = relative('.', run.folder) || '.';
  const facts = { reason, folder: run.folder, step, steps: run.recipe.steps, seconds, engine };
  if (reason === 'aborted') {
    process.exitCode = exitCodes.interrupted;
    output.result(facts, [`Interrupted after step ${step}. Go on with: onestep resume ${folder}`]);
    return;
  }
  output.result(facts, [
    `Done: ${step} steps in ${formatDuration(seconds)}, in ${folder}`,
    `Sample it with: onestep sample ${folder}${picturesOf(run.recipe) ? '' : ' --out samples.safetensors'}`,
  ]);
}

/** Points of the plane make no pictures. */
function picturesOf({ dataset }: TrainRunResult['run']['recipe']): boolean {
  return dataset.spec !== 'mixture-2d';
}
