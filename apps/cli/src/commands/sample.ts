import { writeSafetensors, hostTensor } from '@onestep/tensor';
import { Option, type Command } from 'commander';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { backendOption, noCompileOption, startEngine, type EngineFlags } from '../compose/engine';
import { findModel } from '../compose/find-model';
import { draw, liveModel, type Drawn } from '../compose/model';
import { savePicture } from '../compose/pictures';
import { samplingPlan, solverNames, type SolverName } from '../compose/sampling-plan';
import { UsageError } from '../errors';
import { integerIn, numberIn, numberList } from '../options';
import { createOutput } from '../output/output';

interface SampleFlags extends EngineFlags {
  readonly count: number;
  readonly steps?: number;
  readonly sigmas?: number[];
  readonly sampler?: SolverName;
  readonly seed: number;
  readonly label?: number;
  readonly guidanceScale?: number;
  readonly batchSize: number;
  readonly weights?: string;
  readonly out: string;
  readonly json: boolean;
}

/** `onestep sample MODEL`: a sheet of images, or the raw values. */
export function addSample(program: Command): void {
  program
    .command('sample')
    .description('draw images from a model')
    .argument('<model>', 'a run, a checkpoint, or a .safetensors file')
    .option('--count <n>', 'images', integerIn(1), 64)
    .option(
      '--steps <n>',
      'network calls of a consistency or jump model (default 1), steps of a denoiser (default 18)',
      integerIn(1),
    )
    .option('--sigmas <list>', 'noise levels instead of --steps, descending, separated by commas', numberList)
    .addOption(
      new Option('--sampler <name>', 'solver of a denoiser (default: heun, rectified flows euler)').choices([
        ...solverNames,
      ]),
    )
    .option('--seed <n>', 'seed of the noise', integerIn(0), 0)
    .option('--label <n>', 'class of every image (default: all classes in turn)', integerIn(0))
    .option('--guidance-scale <x>', 'classifier-free guidance, 1 for none', numberIn(0))
    .option('--batch-size <n>', 'images computed at a time; does not change them', integerIn(1), 64)
    .option('--weights <name>', 'which weights of a run: an average by name, or student')
    .option('--out <file>', 'a .png sheet, or .safetensors with the values', 'samples.png')
    .addOption(backendOption)
    .addOption(noCompileOption)
    .option('--json', 'print the result as JSON', false)
    .action(async (place: string, flags: SampleFlags) => {
      const output = createOutput(flags);
      const extension = extname(flags.out).toLowerCase();
      if (extension !== '.png' && extension !== '.safetensors') {
        throw new UsageError(`--out: expected a name ending in .png or .safetensors, got ${flags.out}.`);
      }
      const { path, model: description, params } = await findModel(place, flags.weights);
      if (extension === '.png' && description.shape.length !== 3) {
        throw new UsageError(
          `--out: a model of shape [${description.shape.join(', ')}] makes no pictures, got ${flags.out}. Choose a name ending in .safetensors.`,
        );
      }
      const { nfe: callsPerImage } = samplingPlan(description, flags);
      await mkdir(dirname(flags.out), { recursive: true });
      const { compile } = await startEngine(flags, output);
      const model = liveModel(description, params, { compile, calls: flags.count * callsPerImage });
      let drawn: Drawn;
      try {
        drawn = await draw(model, {
          ...flags,
          onBatch: ({ done, total }) => output.progress({ phase: 'sampling', done, total }),
        });
      } finally {
        model.dispose();
      }
      if (extension === '.png') await savePicture(flags.out, drawn.images, description.shape, flags.count);
      else {
        const images = hostTensor(drawn.images, [flags.count, ...description.shape]);
        await writeFile(flags.out, writeSafetensors({ images }, { seed: String(flags.seed), sampler: drawn.sampler }));
      }
      const { nfe, sampler, sigmas, seconds } = drawn;
      output.result(
        { file: flags.out, model: path, count: flags.count, sampler, sigmas, nfe, seconds, seed: flags.seed },
        [
          `${flags.count} images, ${sampler}, NFE ${nfe}, ${(flags.count / seconds).toFixed(1)} images/s`,
          `Written to ${flags.out}`,
        ],
      );
    });
}
