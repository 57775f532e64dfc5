import { editingTasks, type AnyDenoiser, type EditedImages, type EditingTask } from '@onestep/sampling';
import { hostTensor, type HostTensor } from '@onestep/tensor';
import { Argument, Option, type Command } from 'commander';
import { margins, twoSeeds, checkEditFlags, type EditFlags } from '../compose/edit-flags';
import { checkTarget, maskPicture, resultFiles, sheetFile, writeAll } from '../compose/edit-output';
import { prepareEdit, type PreparedEdit } from '../compose/edit-task';
import { backendOption, noCompileOption, startEngine } from '../compose/engine';
import { findModel } from '../compose/find-model';
import { liveModel } from '../compose/model';
import { integerIn, numberIn, numberList, positiveNumber } from '../options';
import { createOutput, type Output } from '../output/output';

/** `onestep edit TASK MODEL`: changes an image with a model that was never trained for it. */
export function addEdit(program: Command): void {
  program
    .command('edit')
    .description('edit an image with a model: fill in, extend, colour, sharpen, denoise, interpolate, vary')
    .addArgument(new Argument('<task>', 'what to do').choices([...editingTasks]))
    .argument('<model>', 'a run, a checkpoint, or a .safetensors file')
    .option(
      '--image <file>',
      'PNG, JPEG or WebP; twice for interpolate',
      (path, before: string[]) => [...before, path],
      [],
    )
    .option('--mask <file>', 'inpaint: white (or transparent) is generated, black (or opaque) is kept')
    .option('--margins <list>', 'outpaint: pixels to add, for all sides or top,right,bottom,left', margins)
    .option('--factor <n>', 'super-resolve: how much larger (default: from the image)', integerIn(2))
    .option(
      '--sigma <x>',
      'denoise: std of the noise in [-1, 1], of 8-bit values divided by 127.5 (default: estimated)',
      numberIn(0),
    )
    .option(
      '--strength <x>',
      'stroke, variations, interpolate: how far to depart from the image, in (0, 1]',
      positiveNumber(1),
    )
    .option('--steps <n>', 'network calls of a consistency model, steps of a denoiser (default: by task)', integerIn(1))
    .option('--sigmas <list>', 'noise levels instead of --steps, descending, separated by commas', numberList)
    .addOption(
      new Option('--encode <how>', 'interpolate images: add noise, or invert (denoisers)').choices(['noise', 'invert']),
    )
    .option(
      '--seeds <list>',
      'interpolate without images: two seeds A,B of `onestep sample`, or images of them, 0:5,0:9',
      twoSeeds,
    )
    .option('--seed <n>', 'seed of the noise', integerIn(0), 0)
    .option('--count <n>', 'results, numbered files (default: 1, interpolate 8)', integerIn(1))
    .option('--label <n>', 'class of the image (default: guessed)', integerIn(0))
    .option('--guidance-scale <x>', 'classifier-free guidance, 1 for none', numberIn(0))
    .option('--batch-size <n>', 'images computed at a time; does not change them', integerIn(1), 64)
    .option('--resize', 'scale and crop images of another size', false)
    .option('--grayscale', 'take the luminance of a colour image, for a model of grey ones', false)
    .option('--weights <name>', 'which weights of a run: an average by name, or student')
    .option('--out <file>', "a .png of the model's size, or .safetensors with the values", 'edited.png')
    .option('--sheet <file>', 'also a .png with input, mask and results side by side')
    .addOption(backendOption)
    .addOption(noCompileOption)
    .option('--json', 'print the result as JSON', false)
    .action(async (task: EditingTask, place: string, flags: EditFlags) => {
      const output = createOutput(flags);
      checkEditFlags(task, flags);
      const { path, model: description, params } = await findModel(place, flags.weights);
      const prepared = await prepareEdit(task, description, flags);
      await checkTarget('--out', flags.out, ['.png', '.safetensors']);
      if (flags.sheet !== undefined) await checkTarget('--sheet', flags.sheet, ['.png']);
      const { compile } = await startEngine(flags, output);
      const model = liveModel(description, params, { compile, calls: prepared.calls * prepared.count });
      const started = performance.now();
      const edited = await prepared.run(reporting(model.denoiser, prepared, output)).finally(() => model.dispose());
      const seconds = (performance.now() - started) / 1000;
      const results = await resultFiles(flags.out, edited.images);
      const sheet = flags.sheet === undefined ? [] : [await sheetFile(flags.sheet, sheetRows(task, prepared, edited))];
      await writeAll([...results, ...sheet]);
      const files = results.map((file) => file.path);
      const sigmas = edited.sigmas ?? prepared.sigmas;
      const { nfe, labels } = edited;
      const { count } = prepared;
      output.result(
        { task, model: path, files, sheet: flags.sheet, count, nfe, sigmas, labels, seed: flags.seed, seconds },
        [
          ...(edited.sigmas === undefined ? [] : [describeNoise(edited.sigmas)]),
          ...describeLabels(labels, description.labelNames, prepared.guesses),
          `${task}: ${count} ${count === 1 ? 'image' : 'images'}, NFE ${nfe}, ${seconds.toFixed(1)} s`,
          `Written to ${files.length > 2 ? `${files[0]} ... ${files[files.length - 1]}` : files.join(' and ')}`,
          ...(flags.sheet === undefined ? [] : [`Sheet in ${flags.sheet}`]),
        ],
      );
    });
}

/** The model, with a reading after every call. */
function reporting(model: AnyDenoiser, { calls, batches }: PreparedEdit, output: Output): AnyDenoiser {
  const total = calls * batches;
  let done = 0;
  return (...call) => {
    done = Math.min(total, done + 1);
    output.progress({ phase: 'editing', done, total });
    return model(...call);
  };
}

/** Input, mask and results in one row; of an interpolation the cross-fade above the walk. */
function sheetRows(task: EditingTask, { input, mask }: PreparedEdit, { images, known }: EditedImages): HostTensor[][] {
  if (task === 'interpolate') return input.shape[0] === 0 ? [[images]] : [[known], [images]];
  const [, height, width, channels] = images.shape;
  const first = hostTensor(Float32Array.from(known.data.subarray(0, height * width * channels)), [
    1,
    height,
    width,
    channels,
  ]);
  return [[first, ...(mask === undefined ? [] : [maskPicture(mask, channels)]), images]];
}

function describeNoise(sigmas: readonly number[]): string {
  return `Noise of std ${sigmas[0].toPrecision(3)}, ${(sigmas[0] * 127.5).toFixed(1)} of 255 levels`;
}

function describeLabels(
  labels: readonly (number | undefined)[],
  names: readonly string[] | undefined,
  guessed: boolean,
): string[] {
  const known = [...new Set(labels.filter((label) => label !== undefined))];
  if (known.length === 0) return [];
  const named = known.map((label) => (names?.[label] === undefined ? String(label) : `${label} (${names[label]})`));
  return [`Class ${named.join(', ')}${guessed ? ', guessed; --label chooses another' : ''}`];
}
