import { Command, CommanderError } from 'commander';
import { machineFacts } from './measure/machine';
import type { CommonOptions } from './question';
import { questions, type AnyQuestion } from './questions';
import { positiveInteger } from './questions/options';
import type { Report } from './report/report';
import { reportText } from './report/text';

/** Where the program writes and what it is. */
export interface CliOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Shows what is going on; default: nothing is shown. */
  readonly progress?: ((text: string) => void) | undefined;
  /** Path of the built program, for child processes. */
  readonly program?: string | undefined;
}

/**
 * Runs the program.
 *
 * @param args - `[question] [options]`; without a question all are asked one after another
 * @returns the exit code: 0 done, 1 failed, 2 bad usage
 */
export async function runCli(args: readonly string[], output: CliOutput): Promise<number> {
  const asked: (() => Promise<void>)[] = [];
  const program = new Command('bench')
    .description('Answers questions about speed and memory. Without a question it asks all of them.')
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.err });
  // Commands inherit what is set above only if it is set before they are made.
  for (const question of questions) {
    const command = commonOptions(
      program.command(question.name).description(question.summary).allowExcessArguments(false),
    );
    question.configure(command).action((options: CommonOptions & { readonly json: boolean }) => {
      asked.push(() => answer(question, options, args, output));
    });
  }
  const all = args.at(0) === undefined || args[0].startsWith('-');
  const help = args.some((arg) => arg === '--help' || arg === '-h');
  try {
    if (all && !help) for (const { name } of questions) await program.parseAsync([name, ...args], { from: 'user' });
    else await program.parseAsync([...args], { from: 'user' });
    for (const ask of asked) await ask();
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    output.err(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function commonOptions(command: Command): Command {
  return command
    .option('--quick', 'a tiny network and few runs, to see that everything works', false)
    .option('--rounds <count>', 'measured rounds', positiveInteger)
    .option('--json', 'one JSON object in one line', false);
}

async function answer(
  question: AnyQuestion,
  options: CommonOptions & { readonly json: boolean },
  args: readonly string[],
  { out, progress = () => undefined, program }: CliOutput,
): Promise<void> {
  // Taken first: afterwards the load is our own.
  const machine = machineFacts();
  const { rows, engines, notes } = await question.ask(options as never, { progress, program });
  const flags = args[0] === question.name ? args.slice(1) : args;
  const command = ['npm run bench --', question.name, ...flags.filter((flag) => flag !== '--json')].join(' ');
  const report: Report = { question: question.name, command, machine, engines, rows, notes };
  out(options.json ? `${JSON.stringify(report)}\n` : reportText(report));
}
