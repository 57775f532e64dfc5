import { karrasSigmas } from '@onestep/core';
import { searchTimePoints, type TimePointEvaluation } from '@onestep/sampling';
import { hostTensor } from '@onestep/tensor';
import type { ModelDescription } from '@onestep/training';
import { Option, type Command } from 'commander';
import { backendOption, noCompileOption, startEngine, type EngineFlags } from '../compose/engine';
import { findModel } from '../compose/find-model';
import { draw, liveModel } from '../compose/model';
import { searchMethods, writeTimePoints, type SearchMethod } from '../compose/time-points';
import { makeSampleMetric, metricNames, trainingDataOf, type MetricName } from '../compose/tune-metric';
import { InterruptedError, UsageError } from '../errors';
import { interruptible } from '../interrupt';
import { integerIn, numberIn } from '../options';
import { formatDuration } from '../output/format';
import { createOutput } from '../output/output';

interface TuneFlags extends EngineFlags {
  readonly steps: number;
  readonly metric?: MetricName;
  readonly method: SearchMethod;
  readonly levels: number;
  readonly count: number;
  readonly seed: number;
  readonly dataset?: string;
  readonly imageSize?: number;
  readonly guidanceScale?: number;
  readonly batchSize: number;
  readonly weights?: string;
  readonly json: boolean;
}

/** Networks are compiled where that pays; a search makes a few dozen samplings. */
const expectedEvaluations = 12;

/** `onestep tune MODEL`: searches the noise levels of multistep sampling, for `onestep sample --steps auto`. */
export function addTune(program: Command): void {
  program
    .command('tune')
    .description('search the noise levels at which a consistency model is best sampled in several steps')
    .argument('<model>', 'a run, a checkpoint, or a .safetensors file of a consistency or jump model')
    .requiredOption('--steps <n>', 'network calls', integerIn(2, 64))
    .addOption(
      new Option('--metric <name>', 'what is minimised (default: fd-lenet for digits and clothes)').choices([
        ...metricNames,
      ]),
    )
    .addOption(
      new Option('--method <name>', 'ternary or golden: one valley is assumed; grid: every level is tried')
        .choices([...searchMethods])
        .default('ternary'),
    )
    .option('--levels <n>', 'levels of the grid that ternary and grid choose from', integerIn(3, 10_000), 40)
    .option('--count <n>', 'samples drawn for each candidate, from the same noise', integerIn(2), 2000)
    .option('--seed <n>', 'seed of the noise', integerIn(0), 0)
    .option('--dataset <spec>', 'data to compare with (default: what the run was trained on)')
    .option('--image-size <n>', 'with --dataset, image folders: resize and crop to this side', integerIn(1, 4096))
    .option('--guidance-scale <x>', 'classifier-free guidance, 1 for none', numberIn(0))
    .option('--batch-size <n>', 'samples computed at a time; does not change them', integerIn(1), 250)
    .option('--weights <name>', 'which weights of a run: an average by name, or student')
    .addOption(backendOption)
    .addOption(noCompileOption)
    .option('--json', 'print events as JSON lines', false)
    .action(async (place: string, flags: TuneFlags) => {
      const { steps, method, count, seed } = flags;
      const output = createOutput(flags);
      const { path, model: description, params } = await findModel(place, flags.weights);
      checkModel(path, description);
      const data =
        flags.dataset === undefined ? await trainingDataOf(path) : { spec: flags.dataset, imageSize: flags.imageSize };
      if (data === undefined) {
        throw new UsageError(`--dataset: ${path} does not say what it was trained on. Name the data to compare with.`);
      }
      const metric = await makeSampleMetric(description.shape, { metric: flags.metric, data, count, seed });
      const { compile } = await startEngine(flags, output);
      const model = liveModel(description, params, { compile, calls: expectedEvaluations * count * steps });
      output.line(`${metric.name} of ${count} samples against ${metric.reference}, by ${method}`);
      const started = performance.now();
      const say = ({ sigmas, value }: TimePointEvaluation, note = ''): void => {
        output.line(`  ${value.toPrecision(5).padEnd(10)} at ${listed(sigmas)}${note}`);
        output.event('evaluation', { sigmas, value });
      };

      const evaluateWith =
        (signal: AbortSignal) =>
        async (sigmas: readonly number[]): Promise<number> => {
          // Lets a waiting Ctrl-C be heard.
          await new Promise(setImmediate);
          if (signal.aborted) throw new InterruptedError();
          const onBatch = ({ done, total }: { readonly done: number; readonly total: number }): void => {
            // The line of the finished evaluation follows.
            if (done < total) output.progress({ phase: `at ${listed(sigmas)}`, done, total });
          };
          const { images } = await draw(model, { ...samplingFlags(flags), sigmas, onBatch });
          return metric.score(hostTensor(images, [count, ...description.shape]));
        };
      try {
        await interruptible(
          () => output.warn('Stopping; nothing is written.'),
          async (signal) => {
            const evaluate = evaluateWith(signal);
            const { sigmaMin, sigmaMax } = description;
            const plain = karrasSigmas(steps + 1, { sigmaMin, sigmaMax }).slice(0, -1);
            const usual: TimePointEvaluation = { sigmas: plain, value: await evaluate(plain) };
            say(usual, ' (without a search)');
            const grid = karrasSigmas(flags.levels, { sigmaMin, sigmaMax });
            const found = await searchTimePoints(evaluate, { steps, method, grid, onEvaluation: (made) => say(made) });
            // A search sees one valley at a time: the usual levels may be the better ones.
            const best = usual.value < found.value ? usual : found;
            const { sigmas, value } = best;
            const search = { steps, sigmas, metric: metric.name, value, seed, count, method };
            const { path: file, replaced } = await writeTimePoints(path, search);
            if (replaced) output.warn(`${file} was made for other weights or damaged; it is replaced.`);
            const seconds = (performance.now() - started) / 1000;
            const evaluations = found.evaluations.length + 1;
            output.result(
              { file, model: path, ...search, reference: metric.reference, default: usual, evaluations, seconds },
              [
                `${metric.name} ${value.toPrecision(5)} at ${listed(sigmas)}` +
                  (best === usual
                    ? ': no better levels were found than the usual ones'
                    : `; ${usual.value.toPrecision(5)} without a search`),
                `${evaluations} evaluations in ${formatDuration(seconds)}`,
                `Written to ${file}, for \`onestep sample --steps auto\``,
              ],
            );
          },
        );
      } finally {
        model.dispose();
      }
    });
}

/** What of the flags decides which samples are drawn. */
function samplingFlags({ count, seed, batchSize, guidanceScale }: TuneFlags) {
  return { count, seed, batchSize, guidanceScale };
}

function checkModel(path: string, { kind, sampling }: ModelDescription): void {
  if (kind === 'denoiser') {
    throw new UsageError(
      `${path} is a denoiser, sampled by a solver on a grid of many levels. Time points are searched for consistency and jump models.`,
    );
  }
  if (sampling !== undefined) {
    throw new UsageError(
      `${path} was trained at ${sampling.sigmas.length} noise level alone: there are none to choose.`,
    );
  }
}

/** `80, 4.37, 0.821`. */
function listed(sigmas: readonly number[]): string {
  return sigmas.map((sigma) => String(Number(sigma.toPrecision(4)))).join(', ');
}
