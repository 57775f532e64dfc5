import { relative } from 'node:path';
import type { TrainRunResult } from '../compose/train-run';
import { describeWatch } from '../compose/watch-report';
import { exitCodes } from '../errors';
import { formatDuration } from './format';
import type { Output } from './output';

/** Says how a training ended, and sets the exit code of an interrupted one. */
export function reportTraining(output: Output, result: TrainRunResult): void {
  const { run, reason, step, seconds, engine, watch, shape } = result;
  const folder = relative('.', run.folder) || '.';
  const facts = { reason, folder: run.folder, step, steps: run.recipe.steps, seconds, engine, watch };
  const found = describeWatch(watch);
  const watched = found === undefined ? [] : [found];
  if (reason === 'aborted') {
    process.exitCode = exitCodes.interrupted;
    output.result(facts, [...watched, `Interrupted after step ${step}. Go on with: onestep resume ${folder}`]);
    return;
  }
  output.result(facts, [
    `Done: ${step} steps in ${formatDuration(seconds)}, in ${folder}`,
    ...watched,
    `Sample it with: onestep sample ${folder}${shape.length === 3 ? '' : ' --out samples.safetensors'}`,
  ]);
}
