import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { backendOption, noCompileOption, startEngine, type EngineFlags } from '../compose/engine';
import { resumeRun } from '../compose/train-run';
import { workersOption } from '../compose/workers';
import { UsageError } from '../errors';
import { interruptible } from '../interrupt';
import { integerIn } from '../options';
import { createOutput } from '../output/output';
import { reportTraining } from '../output/training-report';

interface ResumeFlags extends EngineFlags {
  readonly step?: number;
  readonly allowFallback: boolean;
  readonly workers: number;
  readonly json: boolean;
}

/** `onestep resume RUN`: goes on from the newest checkpoint, bit for bit on the same CPU backend. */
export function addResume(program: Command): void {
  program
    .command('resume')
    .description('go on with a run from its newest checkpoint')
    .argument('<run>', 'run folder')
    .option('--step <n>', 'checkpoint to go on from', integerIn(0))
    .option('--allow-fallback', 'if the newest checkpoint is damaged, take the newest intact one', false)
    .addOption(backendOption)
    .addOption(noCompileOption)
    .addOption(workersOption)
    .option('--json', 'print events as JSON lines', false)
    .action(async (folder: string, { step, allowFallback, ...flags }: ResumeFlags) => {
      const output = createOutput(flags);
      if (!existsSync(join(folder, 'recipe.json')) && existsSync(join(folder, 'plan.json'))) {
        throw new UsageError(`${folder} is an unfinished quickstart. Go on with: onestep quickstart --out ${folder}`);
      }
      const engine = await startEngine(flags, output);
      const result = await interruptible(
        () => output.warn('Stopping after this step, with a checkpoint. Press Ctrl-C again to stop at once.'),
        (signal) => resumeRun(folder, { output, signal, step, allowFallback, engine, workers: flags.workers }),
      );
      reportTraining(output, result);
    });
}
