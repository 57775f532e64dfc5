import { relative } from 'node:path';
import type { TrainRunResult } from '../compose/train-run';
import { describeWatch } from '../compose/watch-report';
import { exitCodes } from '../errors';
import { formatDuration } from './format';
import type { Output } from './output';

/** Says how a training ended, and sets the exit code of an interrupted one. */
export function reportTraining(output: Output, result: TrainRunResult): void {
  const { run, reason, step, best, seconds, engine, watch, shape } = result;
  const folder = relative('.', run.folder) || '.';
  const facts = { reason, folder: run.folder, step, steps: run.recipe.steps, best, seconds, engine, watch };
  const found = describeWatch(watch);
  const watched = found === undefined ? [] : [found];
  if (reason === 'aborted') {
    process.exitCode = exitCodes.interrupted;
    output.result(facts, [...watched, `Interrupted after step ${step}. Go on with: onestep resume ${folder}`]);
    return;
  }
  const { patience } = run.recipe.evaluation?.earlyStopping ?? {};
  const ended =
    reason === 'early-stopped'
      ? [
          `Stopped early after step ${step} of ${run.recipe.steps}, in ${folder}: ${patience === 1 ? 'an evaluation was' : `${patience} evaluations in a row were`} no better`,
        ]
      : [`Done: ${step} steps in ${formatDuration(seconds)}, in ${folder}`];
  output.result(facts, [
    ...ended,
    ...watched,
    ...(best === undefined
      ? []
      : [
          `Best ${best.metric} ${best.value.toPrecision(4)} at step ${best.step}` +
            (run.recipe.evaluation?.keepBest === true ? `, kept as the weights "best"` : ''),
        ]),
    `Sample it with: onestep sample ${folder}${shape.length === 3 ? '' : ' --out samples.safetensors'}`,
  ]);
}
