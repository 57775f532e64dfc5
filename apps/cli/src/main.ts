import { Command, CommanderError } from 'commander';
import { addDataset } from './commands/dataset';
import { addDoctor } from './commands/doctor';
import { addEdit } from './commands/edit';
import { addEma } from './commands/ema';
import { addEval } from './commands/eval';
import { addExport } from './commands/export';
import { addInspect } from './commands/inspect';
import { addPairs } from './commands/pairs';
import { addQuickstart } from './commands/quickstart';
import { addRecipes } from './commands/recipes';
import { addResume } from './commands/resume';
import { addRuns } from './commands/runs';
import { addSample } from './commands/sample';
import { addSamplers } from './commands/samplers';
import { addTrain } from './commands/train';
import { addTune } from './commands/tune';
import { exitCodeOf, exitCodes, messageOf } from './errors';
import { version } from './version';

/** The command tree; every command is a file under `commands/`. */
export function createProgram(): Command {
  const program = new Command('onestep')
    .description('Consistency models in TypeScript: train them, sample them in one step, ship them.')
    .version(version)
    .option('--debug', 'print the stack of an error')
    .showSuggestionAfterError()
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  for (const add of [
    addQuickstart,
    addRecipes,
    addTrain,
    addResume,
    addTune,
    addSample,
    addEdit,
    addSamplers,
    addPairs,
    addEval,
    addExport,
    addEma,
    addInspect,
    addRuns,
    addDataset,
    addDoctor,
  ])
    add(program);
  return program;
}

/**
 * Runs one command line.
 *
 * @param args - arguments without the interpreter and the script
 * @returns the exit code: 0 done, 1 failed, 2 bad usage, 130 interrupted after a checkpoint
 */
export async function run(args: readonly string[]): Promise<number> {
  outliveClosedPipes();
  const program = createProgram();
  try {
    await program.parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? exitCodes.done);
  } catch (error) {
    // Commander has printed its own message by now; help and version are not failures.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    process.stderr.write(`onestep: ${messageOf(error)}\n`);
    if (program.opts<{ debug?: boolean }>().debug === true && error instanceof Error) {
      process.stderr.write(`${error.stack ?? ''}\n`);
    }
    return exitCodeOf(error);
  }
}

/** `onestep train ... | head` closes the pipe: a training goes on without its reader, and others end by themselves. */
function outliveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
