import { lenetDatasets, type LenetDataset } from '@onestep/metrics';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { editingMarkdown } from './editing/report';
import { studyEditing, type EditingStudyFlags } from './editing/study';
import { mixtureTable } from './mixtures/report';
import { studyMixture } from './mixtures/study';
import { mnistTable } from './mnist/report';
import { studyMnist } from './mnist/study';
import { machineLine } from './report/machine';
import { imageSamplers } from './samplers/image-samplers';
import { mixtureSamplers } from './samplers/mixture-samplers';
import { imageSamplerTables, mixtureSamplerTables } from './samplers/report';

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

interface SamplerFlags {
  readonly problem: '2d' | '16d' | 'both';
  readonly model?: string;
  readonly samplers?: readonly string[];
  readonly nfe: readonly number[];
  readonly points: number;
  readonly images: number;
  readonly scored: number;
  readonly dataset: LenetDataset;
  readonly seed: number;
  readonly out?: string;
}

interface EditingFlags extends Omit<EditingStudyFlags, 'onProgress'> {
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
  program
    .command('samplers')
    .description(
      'every sampler of denoisers, by network calls: on mixtures with the exact denoiser, or on a trained one',
    )
    .addOption(
      new Option('--problem <name>', 'which mixture').choices(['2d', '16d', 'both']).default('both').conflicts('model'),
    )
    .option('--model <path>', 'instead: a trained denoiser of images, as a file, a checkpoint or a run')
    .option('--samplers <names>', 'only these of the registry', list)
    .option('--nfe <numbers>', 'network calls to spend', integers(1), [4, 6, 8, 10, 15, 20, 40, 80])
    .option('--points <n>', 'points of a mixture', integer(2), 2048)
    .option('--images <n>', 'images of a model whose ends are compared', integer(1), 64)
    .option('--scored <n>', 'images that FD-LeNet is taken of, where they are digits; 0 for none', integer(0), 500)
    .addOption(
      new Option('--dataset <name>', 'real images they are scored against').choices(lenetDatasets).default('mnist'),
    )
    .option('--seed <n>', 'of every random draw', integer(0), 0)
    .option('--out <file>', 'also write the report here, as Markdown')
    .action(async (flags: SamplerFlags) => {
      const { model, nfe: budgets } = flags;
      const parts: string[] = [];
      const part = async (title: string, tables: () => Promise<string>): Promise<void> => {
        const began = performance.now();
        const text = await tables();
        const minutes = ((performance.now() - began) / 60_000).toFixed(1);
        parts.push(`## ${title} (${minutes} minutes)`, text);
      };
      if (model !== undefined) {
        const options = { ...flags, model: at(model), budgets, onProgress: progress };
        await part('Trained denoiser', async () => imageSamplerTables(await imageSamplers(options), budgets));
      } else {
        for (const problem of flags.problem === 'both' ? (['2d', '16d'] as const) : [flags.problem]) {
          const options = { ...flags, problem, budgets, onProgress: progress };
          await part(`Mixture ${problem}`, async () => mixtureSamplerTables(await mixtureSamplers(options), budgets));
        }
      }
      const engine = model === undefined ? 'double precision, no network' : 'compiled, ONNX Runtime on all cores';
      await finish([`\`${command}\``, machineLine(engine), ...parts].join('\n\n'), flags.out);
    });
  program
    .command('editing')
    .description(
      'edits of test images with a trained model: what is known is kept, and the rest is judged by a classifier',
    )
    .requiredOption('--model <place>', 'a model file, a checkpoint or a run')
    .addOption(
      new Option('--dataset <name>', 'what the model was trained on')
        .choices(['mnist', 'fashion-mnist'])
        .default('mnist'),
    )
    .option('--images <n>', 'test images that are edited', integer(2), 500)
    .option('--seed <n>', 'of the noise', integer(0), 0)
    .addOption(new Option('--labels <how>', 'of a model with classes').choices(['guess', 'true']).default('guess'))
    .option('--tasks <names>', 'only these, separated by commas', list)
    .option('--pictures <folder>', 'write sheets of inputs and results here')
    .option('--out <file>', 'also write the report here, as Markdown')
    .action(async (flags: EditingFlags) => {
      const pictures = flags.pictures === undefined ? undefined : at(flags.pictures);
      const began = performance.now();
      const report = await studyEditing({ ...flags, model: at(flags.model), pictures, onProgress: progress });
      const minutes = ((performance.now() - began) / 60_000).toFixed(1);
      const head = [`\`${command}\``, `${machineLine('compiled, ONNX Runtime on all cores')}; ${minutes} minutes`];
      const links = relative(flags.out === undefined ? at('.') : dirname(at(flags.out)), pictures ?? at('.'));
      await finish([...head, editingMarkdown(report, links === '' ? '.' : links)].join('\n\n'), flags.out);
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

/** `10,20,40`: ascending, none twice. */
function integers(least: number): (text: string) => number[] {
  const parse = integer(least);
  return (text) => [...new Set(list(text).map(parse))].sort((a, b) => a - b);
}

/** `30m`, `900s`, `2h`: seconds. */
function duration(text: string): number {
  const [, value, unit] = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text) ?? [];
  const factor = { s: 1, m: 60, h: 3600 }[unit];
  if (factor === undefined) throw new InvalidArgumentError('must be a time such as 900s, 30m or 2h.');
  return Number(value) * factor;
}
