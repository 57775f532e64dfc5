import { writeSafetensors, hostTensor } from '@onestep/tensor';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { backendOption, noCompileOption, startEngine, type Engine, type EngineFlags } from '../compose/engine';
import { findModel, type FoundModel } from '../compose/find-model';
import { checkLabels, draw, liveModel, type LiveModel } from '../compose/model';
import { savePicture } from '../compose/pictures';
import { isStream, sheetImages, sheetPath, streamSamples } from '../compose/sample-stream';
import { checkPlan, samplingPlan, type SamplingPlan, type SamplingWish } from '../compose/sampling-plan';
import { shardOf, shardText, type Shard } from '../compose/shards';
import { chooseSearch, readTimePoints } from '../compose/time-points';
import { UsageError } from '../errors';
import { integerIn, numberIn, numberList } from '../options';
import { formatDuration } from '../output/format';
import { createOutput, type Output } from '../output/output';
import { addSampleMerge } from './sample-merge';

interface SampleFlags extends EngineFlags {
  readonly count: number;
  readonly steps?: number | 'auto';
  readonly sigmas?: number[];
  readonly sampler?: string;
  readonly samplerOption?: string[];
  readonly seed: number;
  readonly label?: number;
  readonly guidanceScale?: number;
  readonly batchSize: number;
  readonly weights?: string;
  readonly out: string;
  readonly grid: boolean;
  readonly shard?: Shard;
  readonly shards?: number;
  readonly json: boolean;
}

/** `onestep sample MODEL`: a sheet of images, the raw values, or a stream of any length. */
export function addSample(program: Command): void {
  const sample = program
    .command('sample')
    .description('draw images from a model')
    .argument('<model>', 'a run, a checkpoint, or a .safetensors file')
    .option('--count <n>', 'images', integerIn(1), 64)
    .option(
      '--steps <n>',
      'network calls of a consistency or jump model (default 1), steps of a denoiser (default 18); ' +
        'auto: the noise levels that `onestep tune` found',
      stepsText,
    )
    .option('--sigmas <list>', 'noise levels instead of --steps, descending, separated by commas', numberList)
    .option('--sampler <name>', 'one that `onestep samplers` lists (default: by the model)')
    .option('--sampler-option <key=value>', 'an option of the sampler; may be repeated', collect)
    .option('--seed <n>', 'seed of the noise', integerIn(0), 0)
    .option('--label <n>', 'class of every image (default: all classes in turn)', integerIn(0))
    .option('--guidance-scale <x>', 'classifier-free guidance, 1 for none', numberIn(0))
    .option('--batch-size <n>', 'images computed at a time; does not change them', integerIn(1), 64)
    .option('--weights <name>', 'which weights of a run: an average by name, or student')
    .option(
      '--out <path>',
      'a .png sheet or .safetensors with the values; or a stream of any length: a folder of PNG files, .zip, .npz',
      'samples.png',
    )
    .option('--grid', 'also write a sheet of the first images, as NAME.grid.png', false)
    .option(
      '--shard <i/n>',
      'draw the i-th of n parts of a stream (default: as JOB_COMPLETION_INDEX or Slurm say)',
      shardText,
    )
    .addOption(
      new Option('--shards <n>', 'number of parts where an array job tells the part alone')
        .argParser(integerIn(1))
        .env('ONESTEP_SHARDS'),
    )
    .addOption(backendOption)
    .addOption(noCompileOption)
    .option('--json', 'print the result as JSON', false)
    .action((place: string, flags: SampleFlags) => run(place, flags));
  addSampleMerge(sample);
}

async function run(place: string, flags: SampleFlags): Promise<void> {
  const output = createOutput(flags);
  const streams = await isStream(flags.out);
  const extension = extname(flags.out).toLowerCase();
  if (!streams && extension !== '.png' && extension !== '.safetensors') {
    throw new UsageError(
      `--out: expected a name ending in .png, .safetensors, .zip or .npz, or a folder, got ${flags.out}. A folder that is not there yet ends in a slash.`,
    );
  }
  if (!streams && flags.shard !== undefined) {
    throw new UsageError(`--shard: only a stream has parts: a folder, .zip or .npz, got --out ${flags.out}.`);
  }
  const shard = streams ? shardOf(flags, process.env) : undefined;
  const found = await findModel(place, flags.weights);
  const { shape } = found.model;
  const makesPictures = shape.length === 3;
  if (!makesPictures && extension !== '.safetensors' && extension !== '.npz') {
    throw new UsageError(
      `--out: a model of shape [${shape.join(', ')}] makes no pictures, got ${flags.out}. Choose a name ending in .safetensors or .npz.`,
    );
  }
  if (!makesPictures && flags.grid)
    throw new UsageError(`--grid: a model of shape [${shape.join(', ')}] makes no pictures.`);
  const wish = { ...flags, ...(await levelsWish(found, flags)) };
  const plan = samplingPlan(found.model, wish);
  await checkPlan(plan);
  checkLabels(found.model, flags);
  if (!streams) await mkdir(dirname(flags.out), { recursive: true });
  const engine = await startEngine(flags, output);
  const model = liveModel(found.model, found.params, { compile: engine.compile, calls: flags.count * plan.nfe });
  const context = { found, model, plan, engine, output, flags: { ...wish, shard } };
  try {
    await (streams ? writeStream(context) : writeOne(context));
  } finally {
    model.dispose();
  }
}

interface Context {
  readonly found: FoundModel;
  readonly model: LiveModel;
  readonly plan: SamplingPlan;
  readonly engine: Engine;
  readonly output: Output;
  readonly flags: Omit<SampleFlags, 'steps' | 'sigmas'> & SamplingWish;
}

async function writeStream({ found, model, plan, engine, output, flags }: Context): Promise<void> {
  const facts = await streamSamples(found, model, { ...flags, plan, backend: engine.backend }, output);
  const { sampler, sigmas, nfe } = plan;
  const { from, to, added, seconds, file, shard } = { ...facts, shard: flags.shard };
  const part = shard === undefined ? '' : ` (shard ${shard.index} of ${shard.total}: ${from} to ${to - 1})`;
  const drawn =
    added === 0
      ? 'all there already, checked'
      : `${added === to - from ? '' : `${added} of them now, `}${(added / seconds).toFixed(1)} images/s, ${formatDuration(seconds)}`;
  output.result(
    { ...facts, model: found.path, count: flags.count, shard, sampler: sampler.name, sigmas, nfe, seed: flags.seed },
    [
      `${to - from} images${part}, ${sampler.name}, ${drawn}`,
      `Checksum ${facts.checksum}`,
      ...(facts.grid === undefined ? [] : [`First images in ${facts.grid}`]),
      `Written to ${file}`,
      ...(shard === undefined ? [] : [`When all shards are there: onestep sample merge ${flags.out}`]),
    ],
  );
}

async function writeOne({ found, model, output, flags }: Context): Promise<void> {
  const { count, seed, out } = flags;
  const { shape } = found.model;
  const started = performance.now();
  const drawn = await draw(model, {
    ...flags,
    onBatch: ({ done, total }) => {
      const perImage = (performance.now() - started) / 1000 / done;
      output.progress({
        phase: 'sampling',
        done,
        total,
        imagesPerSecond: 1 / perImage,
        eta: perImage * (total - done),
      });
    },
  });
  const isSheet = extname(out).toLowerCase() === '.png';
  if (isSheet) await savePicture(out, drawn.images, shape, count);
  else {
    const images = hostTensor(drawn.images, [count, ...shape]);
    await writeFile(out, writeSafetensors({ images }, { seed: String(seed), sampler: drawn.sampler }));
  }
  const grid = flags.grid && !isSheet ? sheetPath(out) : undefined;
  if (grid !== undefined) {
    const shown = Math.min(count, sheetImages);
    await savePicture(grid, drawn.images.subarray(0, (drawn.images.length / count) * shown), shape, shown);
  }
  const { nfe, sampler, sigmas, seconds } = drawn;
  output.result({ file: out, grid, model: found.path, count, sampler, sigmas, nfe, seconds, seed }, [
    `${count} images, ${sampler}, NFE ${nfe}, ${(count / seconds).toFixed(1)} images/s`,
    ...(grid === undefined ? [] : [`First images in ${grid}`]),
    `Written to ${out}`,
  ]);
}

/** Steps and levels as the plan takes them; `auto` becomes the levels that were found for these weights. */
async function levelsWish(
  { path, model }: FoundModel,
  { steps, sigmas }: SampleFlags,
): Promise<{ readonly steps: number | undefined; readonly sigmas: readonly number[] | undefined }> {
  if (steps !== 'auto') return { steps, sigmas };
  if (sigmas !== undefined) throw new UsageError('Pass either --steps or --sigmas.');
  if (model.kind === 'denoiser') {
    throw new UsageError(
      '--steps auto: time points are found for consistency and jump models, this one is a denoiser. Pass a number.',
    );
  }
  const points = await readTimePoints(path);
  const search = points && chooseSearch(points);
  if (search === undefined) {
    throw new UsageError(
      `--steps auto: no time points were found for ${path} yet. Run \`onestep tune ${path} --steps 2\`.`,
    );
  }
  return { steps: undefined, sigmas: search.sigmas };
}

function stepsText(text: string): number | 'auto' {
  if (text === 'auto') return text;
  try {
    return integerIn(1)(text);
  } catch {
    throw new InvalidArgumentError('Expected an integer >= 1, or auto.');
  }
}

function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
