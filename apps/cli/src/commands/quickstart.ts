import { Option, type Command } from 'commander';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openTrainingData } from '../compose/batches';
import { backendOption, noCompileOption, startEngine, type Engine, type EngineFlags } from '../compose/engine';
import { freeFolder } from '../compose/folders';
import {
  planBySteps,
  planByTime,
  quickstartMethods,
  teacherRecipe,
  type QuickstartMethod,
  type QuickstartPlan,
} from '../compose/quickstart-plan';
import { describeSummary, runQuickstart, unfinishedPlan } from '../compose/quickstart-run';
import { exitCodes } from '../errors';
import { interruptible } from '../interrupt';
import { duration, integerIn } from '../options';
import { formatDuration } from '../output/format';
import { createOutput, type Output } from '../output/output';

interface QuickstartFlags extends EngineFlags {
  readonly out?: string;
  readonly dataset: string;
  readonly method: QuickstartMethod;
  readonly steps?: number;
  readonly budget: number;
  readonly seed: number;
  readonly json: boolean;
}

const defaultFolder = join('runs', 'quickstart');

/** `onestep quickstart`: the main job, from real data to one-step samples. */
export function addQuickstart(program: Command): void {
  program
    .command('quickstart')
    .description('train a teacher and a consistency model on MNIST, and draw samples in one step')
    .option(
      '--out <folder>',
      `where to write (default: ${defaultFolder}, numbered if taken); an unfinished one is continued`,
    )
    .option('--dataset <spec>', 'mnist, fashion-mnist, or a path', 'mnist')
    .addOption(
      new Option('--method <name>', 'from teacher to consistency model').choices([...quickstartMethods]).default('ect'),
    )
    .option('--steps <n>', 'optimizer steps of both trainings together (default: what fits the budget)', integerIn(2))
    .addOption(new Option('--budget <time>', 'time for both trainings together').argParser(duration).default(540, '9m'))
    .option('--seed <n>', 'seed of every random draw', integerIn(0), 0)
    .addOption(backendOption)
    .addOption(noCompileOption)
    .option('--json', 'print events as JSON lines', false)
    .action(async (flags: QuickstartFlags) => {
      const output = createOutput(flags);
      const engine = await startEngine(flags, output);
      const { folder, plan } = await prepare(flags, { output, engine });
      output.event('plan', { folder, ...plan });
      const summary = await interruptible(
        () => output.warn('Stopping after this step, with a checkpoint. Press Ctrl-C again to stop at once.'),
        (signal) => runQuickstart(folder, plan, { output, signal, engine }),
      );
      if (summary === undefined) {
        process.exitCode = exitCodes.interrupted;
        output.result({ reason: 'aborted', folder }, [`Interrupted. Go on with: onestep quickstart --out ${folder}`]);
        return;
      }
      describeSummary(folder, summary, output);
    });
}

/** Folder and plan: those of an unfinished quickstart, or new ones. */
async function prepare(
  flags: QuickstartFlags,
  { output, engine }: { readonly output: Output; readonly engine: Engine },
): Promise<{ folder: string; plan: QuickstartPlan }> {
  const candidate = flags.out ?? defaultFolder;
  const unfinished = await unfinishedPlan(candidate);
  if (unfinished !== undefined) {
    output.line(`Going on with ${candidate}`);
    return { folder: candidate, plan: unfinished };
  }
  const folder = await freeFolder(flags.out, defaultFolder);
  const { method, dataset, seed, steps, budget } = flags;
  const request = { method, dataset, seed };
  // Opening the data first: a wrong path must not cost a minute of timing.
  const data = await openTrainingData(teacherRecipe({ ...request, steps: 1 }));
  let plan: QuickstartPlan;
  try {
    if (steps === undefined) output.line(`Timing a few steps to fit ${formatDuration(budget)}`);
    plan = steps === undefined ? await planByTime(request, budget, { data, runnerFactory: engine.runnerFactory }) : planBySteps(request, steps);
  } finally {
    data.close();
  }
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`);
  return { folder, plan };
}
