import { Option, type Command } from 'commander';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openTrainingData } from '../compose/batches';
import { backendOption, noCompileOption, startEngine, type Engine, type EngineFlags } from '../compose/engine';
import { freeFolder, numbered, writeWhole } from '../compose/folders';
import { recipeNetwork } from '../compose/network';
import {
  planBySteps,
  planByTime,
  quickstartMethods,
  teacherRecipe,
  type QuickstartMethod,
  type QuickstartPlan,
} from '../compose/quickstart-plan';
import { describeSummary, runQuickstart, unfinishedPlan } from '../compose/quickstart-run';
import { exitCodes, UsageError } from '../errors';
import { interruptible } from '../interrupt';
import { duration, integerIn } from '../options';
import { formatDuration } from '../output/format';
import { createOutput, type Output } from '../output/output';

interface QuickstartFlags extends EngineFlags {
  readonly out?: string;
  readonly dataset: string;
  readonly imageSize?: number;
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
    .option('--image-size <n>', 'image folders and zips: resize and crop to this side', integerIn(1, 4096))
    .addOption(
      new Option('--method <name>', 'from teacher to consistency model').choices([...quickstartMethods]).default('ect'),
    )
    .option('--steps <n>', 'optimizer steps of both trainings together (default: what fits the budget)', integerIn(2))
    .addOption(new Option('--budget <time>', 'time for both trainings together').argParser(duration).default(540, '9m'))
    .option('--seed <n>', 'seed of every random draw', integerIn(0), 0)
    .addOption(backendOption)
    .addOption(noCompileOption)
    .option('--json', 'print events as JSON lines', false)
    .action(async (flags: QuickstartFlags, command: Command) => {
      const output = createOutput(flags);
      const engine = await startEngine(flags, output);
      const { folder, plan } = await prepare(flags, {
        output,
        engine,
        typed: (name) => command.getOptionValueSource(name) === 'cli',
      });
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

/** Whether a flag was given on the command line, and is not a default. */
type Typed = (flag: keyof QuickstartFlags) => boolean;

/**
 * The unfinished quickstart to go on with: the one in `--out`, or the first in a default folder that was planned with the
 * given flags.
 *
 * @throws UsageError if the one in `--out` was planned with others
 */
async function findUnfinished(
  flags: QuickstartFlags,
  typed: Typed,
): Promise<{ folder: string; plan: QuickstartPlan } | undefined> {
  for (let number = 1; ; number += 1) {
    const folder = flags.out ?? numbered(defaultFolder, number);
    const plan = await unfinishedPlan(folder);
    const other = plan && differing(plan, flags, typed);
    if (plan !== undefined && other === undefined) return { folder, plan };
    if (flags.out !== undefined && other !== undefined) {
      throw new UsageError(
        `--out: ${folder} holds an unfinished quickstart with another ${other}. Leave ${other} out to go on with it, or choose another folder.`,
      );
    }
    if (flags.out !== undefined || !existsSync(folder)) return undefined;
  }
}

/** The first flag that was given and that the plan was not made with. */
function differing(plan: QuickstartPlan, flags: QuickstartFlags, typed: Typed): string | undefined {
  const steps = plan.teacherSteps + plan.studentSteps;
  if (typed('steps') && flags.steps !== steps) return '--steps';
  if (typed('imageSize') && flags.imageSize !== plan.imageSize) return '--image-size';
  const others = ['method', 'dataset', 'seed'] as const;
  const changed = others.find((name) => typed(name) && flags[name] !== plan[name]);
  return changed && `--${changed}`;
}

/** Folder and plan: those of an unfinished quickstart, or new ones. */
async function prepare(
  flags: QuickstartFlags,
  { output, engine, typed }: { readonly output: Output; readonly engine: Engine; readonly typed: Typed },
): Promise<{ folder: string; plan: QuickstartPlan }> {
  const unfinished = await findUnfinished(flags, typed);
  if (unfinished !== undefined) {
    const { method, dataset, teacherSteps, studentSteps } = unfinished.plan;
    output.line(
      `Going on with ${unfinished.folder}: ${teacherSteps} + ${studentSteps} steps on ${dataset}, method ${method}`,
    );
    return unfinished;
  }
  const folder = await freeFolder(flags.out, defaultFolder);
  const { method, dataset, imageSize, seed, steps, budget } = flags;
  const asked = { method, dataset, imageSize, seed, classConditional: false };
  // Opening the data first: a wrong path must not cost a minute of timing.
  const data = await openTrainingData(teacherRecipe({ ...asked, steps: 1 }));
  const request = { ...asked, classConditional: data.numClasses > 0 };
  let plan: QuickstartPlan;
  try {
    // Nothing is written for data that the network cannot take.
    recipeNetwork(teacherRecipe({ ...request, steps: 1 }), data);
    if (steps === undefined) output.line(`Timing a few steps to fit ${formatDuration(budget)}`);
    plan =
      steps === undefined
        ? await planByTime(request, budget, { data, runnerFactory: engine.runnerFactory })
        : planBySteps(request, steps);
  } finally {
    data.close();
  }
  await mkdir(folder, { recursive: true });
  await writeWhole(join(folder, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`);
  return { folder, plan };
}
