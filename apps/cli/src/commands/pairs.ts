import type { PairsDescription } from '@onestep/data';
import { writePairs, type PairsChunk } from '@onestep/data/node';
import { initialNoise } from '@onestep/sampling';
import { Option, type Command } from 'commander';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { backendOption, noCompileOption, startEngine, type EngineFlags } from '../compose/engine';
import { findModel } from '../compose/find-model';
import { drawBatches, liveModel, type DrawOptions, type LiveModel } from '../compose/model';
import { samplingPlan, solverNames, type SolverName } from '../compose/sampling-plan';
import { InterruptedError, UsageError } from '../errors';
import { interruptible } from '../interrupt';
import { integerIn, numberIn } from '../options';
import { formatDuration } from '../output/format';
import { createOutput } from '../output/output';

interface PairsFlags extends EngineFlags {
  readonly count: number;
  readonly steps?: number;
  readonly sampler?: SolverName;
  readonly seed: number;
  readonly guidanceScale?: number;
  readonly batchSize: number;
  readonly weights?: string;
  readonly out: string;
  readonly force: boolean;
  readonly json: boolean;
}

/** `onestep pairs MODEL`: noise and the images a teacher makes of it, for knowledge distillation and reflow. */
export function addPairs(program: Command): void {
  program
    .command('pairs')
    .description('make pairs of noise and image with a teacher, for the methods kd and reflow')
    .argument('<model>', 'a run, a checkpoint, or a .safetensors file of a denoiser')
    .requiredOption('--count <n>', 'pairs', integerIn(1))
    .requiredOption('--out <file>', 'where to write')
    .option('--steps <n>', 'steps of the solver (default 18)', integerIn(1))
    .addOption(
      new Option('--sampler <name>', 'solver (default: heun, rectified flows euler)').choices([...solverNames]),
    )
    .option('--seed <n>', 'seed of the noise', integerIn(0), 0)
    .option('--guidance-scale <x>', 'classifier-free guidance, 1 for none', numberIn(0))
    .option('--batch-size <n>', 'images computed at a time; does not change them', integerIn(1), 64)
    .option('--weights <name>', 'which weights of a run: an average by name, or student')
    .option('--force', 'replace the file if it exists', false)
    .addOption(backendOption)
    .addOption(noCompileOption)
    .option('--json', 'print events as JSON lines', false)
    .action(async (place: string, flags: PairsFlags) => {
      const output = createOutput(flags);
      if (!flags.force && (await stat(flags.out).catch(() => undefined)) !== undefined) {
        throw new UsageError(
          `--out: ${flags.out} exists, and may be what a run learns from. Choose another name, or pass --force.`,
        );
      }
      const { path, model: description, params } = await findModel(place, flags.weights);
      if (description.kind !== 'denoiser') {
        throw new UsageError(
          `${path} is a ${description.kind} model. Pairs are made by a denoiser, which solves the ODE.`,
        );
      }
      const { sampler, sigmas, nfe } = samplingPlan(description, flags);
      const pairs: PairsDescription = {
        length: flags.count,
        shape: description.shape,
        numClasses: description.numClasses,
        teacher: createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
        sampler: sampler.name,
        steps: sigmas.length - 1,
        sigmaMax: sigmas[0],
        seed: flags.seed,
        guidanceScale: flags.guidanceScale,
      };
      const { compile } = await startEngine(flags, output);
      const model = liveModel(description, params, { compile, calls: flags.count * nfe });
      const started = performance.now();
      const onBatch = ({ done, total }: { readonly done: number; readonly total: number }): void => {
        const perImage = (performance.now() - started) / 1000 / done;
        output.progress({ phase: 'pairs', done, total, imagesPerSecond: 1 / perImage, eta: perImage * (total - done) });
      };
      try {
        await interruptible(
          () => output.warn('Stopping; nothing is written.'),
          (signal) => writePairs(flags.out, pairs, chunks(model, { ...flags, onBatch }, signal)),
        );
      } finally {
        model.dispose();
      }
      const seconds = (performance.now() - started) / 1000;
      output.result({ file: flags.out, model: path, ...pairs, nfe, seconds }, [
        `${flags.count} pairs, ${sampler.name}, NFE ${nfe}, in ${formatDuration(seconds)}`,
        `Written to ${flags.out}`,
      ]);
    });
}

/** Noise, images and classes, batch by batch: only one batch is in memory. */
async function* chunks(
  model: LiveModel,
  options: DrawOptions & { readonly seed: number },
  signal: AbortSignal,
): AsyncGenerator<PairsChunk, void, undefined> {
  const { shape, numClasses } = model.description;
  for await (const { indices, images } of drawBatches(model, options)) {
    yield {
      images,
      noise: initialNoise({ seed: options.seed, indices, shape, sigmaMax: 1 }),
      ...(numClasses > 0 ? { labels: indices.map((index) => index % numClasses) } : {}),
    };
    // Lets a waiting Ctrl-C be heard.
    await new Promise(setImmediate);
    if (signal.aborted) throw new InterruptedError();
  }
}
