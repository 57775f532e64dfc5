import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { mixtureTable } from './mixtures/report';
import { studyMixture } from './mixtures/study';
import { mnistTable } from './mnist/report';
import { studyMnist } from './mnist/study';
import { machineLine } from './report/machine';

/** Where the program writes. */
export interface CliOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly progress?: ((text: string) => void) | undefined;
}

interface MixtureFlags {
  readonly problem: '2d' | '16d' | 'both';
  readonly rows?: readonly string[];
  readonly steps: number;
  readonly points: number;
  readonly seed: number;
  readonly out?: string;
}

interface MnistFlags {
  readonly budget: number;
  readonly rows?: readonly string[];
  readonly samples: number;
  readonly seed: number;
  readonly pictures?: string;
  readonly out?: string;
}

/**
 * Runs the program.
 *
 * @returns the exit code: 0 done, 1 failed, 2 bad usage
 */
export async function runCli(args: readonly string[], { out, err, progress }: CliOutput): Promise<number> {
  const program = new Command('study')
    .description('Trains every method on equal terms and prints how they compare.')
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err });
  const command = ['npm run study --', ...args].join(' ');
  // The folder the user called from: npm changes to the root of the workspace.
  const at = (path: string): string => resolve(process.env.INIT_CWD ?? '.', path);
  const finish = async (text: string, path: string | undefined): Promise<void> => {
    out(`${text}\n`);
    if (path === undefined) return;
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), `${text}\n`);
  };
  program
    .command('mixtures')
    .description('Gaussian mixtures, where the exact denoiser and the exact map from noise to data are known')
    .addOption(new Option('--problem <name>', 'which mixture').choices(['2d', '16d', 'both']).default('both'))
    .option('--rows <names>', 'only these methods, and those they start from', list)
    .option('--steps <n>', 'optimizer steps of every method', integer(1), 6000)
    .option('--points <n>', 'points that are scored, a multiple of 2048', integer(2), 4096)
    .option('--seed <n>', 'of every random draw', integer(0), 0)
    .option('--out <file>', 'also write the report here, as Markdown')
    .action(async (flags: MixtureFlags) => {
      const parts: string[] = [];
      for (const problem of flags.problem === 'both' ? (['2d', '16d'] as const) : [flags.problem]) {
        const began = performance.now();
        const lines = await studyMixture({ ...flags, problem, onProgress: progress });
        const minutes = ((performance.now() - began) / 60_000).toFixed(1);
        parts.push(`## Mixture ${problem} (${minutes} minutes)`, mixtureTable(lines));
      }
      await finish(
        [`\`${command}\``, machineLine('compiled, ONNX Runtime, 1 thread'), ...parts].join('\n\n'),
        flags.out,
      );
    });
  program
    .command('mnist')
    .description('images of digits: one teacher, then every method with an equal share of the time')
    .option('--budget <time>', 'for everything, for example 30m or 900s', duration, 1800)
    .option('--rows <names>', 'only these methods, and those they start from', list)
    .option('--samples <n>', 'images that are scored, a multiple of 250', integer(250), 5000)
    .option('--seed <n>', 'of every random draw', integer(0), 0)
    .option('--pictures <folder>', 'write sheets of samples here')
    .option('--out <file>', 'also write the report here, as Markdown')
    .action(async (flags: MnistFlags) => {
      const { budget: budgetSeconds, pictures } = flags;
      const folder = pictures === undefined ? undefined : at(pictures);
      const report = await studyMnist({ ...flags, budgetSeconds, pictures: folder, onProgress: progress });
      const head = [`\`${command}\``, machineLine('compiled, ONNX Runtime on all cores')];
      await finish([...head, `Feature network sha256 ${report.weights}.`, mnistTable(report)].join('\n\n'), flags.out);
    });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    err(`study: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

const list = (text: string): string[] => text.split(',').map((name) => name.trim());

function integer(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`must be an integer >= ${least}.`);
    return value;
  };
}

/** `30m`, `900s`, `2h`: seconds. */
function duration(text: string): number {
  const [, value, unit] = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text) ?? [];
  const factor = { s: 1, m: 60, h: 3600 }[unit];
  if (factor === undefined) throw new InvalidArgumentError('must be a time such as 900s, 30m or 2h.');
  return Number(value) * factor;
}
