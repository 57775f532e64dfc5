import {
  collectFeatures,
  encodeFeatures,
  encodeMoments,
  encodeReceipts,
  evaluationMetrics,
  scoreFeatures,
  type EvaluationMetric,
  type FeatureSet,
} from '@onestep/metrics';
import { nearestName } from '@onestep/tensor';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { backendOption, noCompileOption, startEngine, type Engine, type EngineFlags } from '../compose/engine';
import { networkCompiler } from '../compose/evaluation/compiler';
import {
  defaultNetwork,
  inputRuleNames,
  networkNames,
  openNetwork,
  type NetworkFlags,
  type NetworkName,
  type OpenNetwork,
} from '../compose/evaluation/feature-network';
import { isModel, openImageSet, parsePlace, type ImageSet } from '../compose/evaluation/image-set';
import { openModelImages } from '../compose/evaluation/model-images';
import { openReference } from '../compose/evaluation/reference';
import { defaultReference, requestText, type EvaluationRequest } from '../compose/evaluation/request';
import { writeTo } from '../compose/folders';
import { cutShard, shardText, type Shard } from '../compose/shards';
import { UsageError } from '../errors';
import { integerIn, numberIn, numberList } from '../options';
import { formatDuration } from '../output/format';
import { createOutput, type Output } from '../output/output';
import { receiptLines } from '../output/receipt-lines';
import { addEvalExplain } from './eval-explain';
import { addEvalMerge } from './eval-merge';

interface EvalFlags extends EngineFlags, NetworkFlags {
  readonly against?: string;
  readonly metrics: EvaluationMetric[];
  readonly imageSize?: number;
  readonly count?: number;
  readonly steps?: number;
  readonly sigmas?: number[];
  readonly sampler?: string;
  readonly samplerOption?: string[];
  readonly label?: number;
  readonly guidanceScale?: number;
  readonly modelWeights?: string;
  readonly seed: number;
  readonly batchSize: number;
  readonly shard?: Shard;
  readonly savePartial?: string;
  readonly saveStatistics?: string;
  readonly out?: string;
  readonly json: boolean;
}

/** Images that are drawn from a model where no count is given. */
const modelCount = 10_000;

/** `onestep eval IMAGES`: scores with receipts, of images or of a model. */
export function addEval(program: Command): void {
  const evaluation = program
    .command('eval')
    .description('score images, or the images of a model, against real ones')
    .argument('<images>', 'a folder, .zip or .npz of images, a dataset such as mnist:test, or a model')
    .option(
      '--against <place>',
      'real images or statistics of them (default: what the model or network was trained on)',
    )
    .option('--metrics <list>', `separated by commas: ${evaluationMetrics.join(', ')}`, metricList, ['fd'])
    .addOption(
      new Option('--network <name>', 'what sees the images (default: a LeNet for small grey ones)').choices([
        ...networkNames,
      ]),
    )
    .option('--weights <file>', 'weights of inception-v3 (default: the published ones, fetched once)')
    .addOption(
      new Option('--input-rule <name>', 'how inception-v3 gets its input (default: torch-fidelity)').choices([
        ...inputRuleNames,
      ]),
    )
    .option('--repeat-grey', 'give grey images to a colour network as three equal channels')
    .option('--image-size <n>', 'folders and zips: resize and crop to this side', integerIn(1, 4096))
    .option('--count <n>', 'images: the first of a set (default: all), or drawn from a model (10000)', integerIn(1))
    .option('--steps <n>', 'model: as for `onestep sample`', integerIn(1))
    .option('--sigmas <list>', 'model: noise levels instead of --steps', numberList)
    .option('--sampler <name>', 'model: one that `onestep samplers` lists')
    .option('--sampler-option <key=value>', 'model: an option of the sampler; may be repeated', repeated)
    .option('--label <n>', 'model: class of every image', integerIn(0))
    .option('--guidance-scale <x>', 'model: classifier-free guidance', numberIn(0))
    .option('--model-weights <name>', 'model: which weights of a run: an average by name, student, or best')
    .option('--seed <n>', 'seed of the noise, and of what metrics draw at random', integerIn(0), 0)
    .option('--batch-size <n>', 'images seen at a time', integerIn(1, 4096), 250)
    .option('--shard <i/n>', 'see only the i-th of n parts; needs --save-partial', shardText)
    .option('--save-partial <file>', 'write the features of a part, for `onestep eval merge`')
    .option('--save-statistics <file>', 'write mean and covariance of the images, for --against')
    .option('--out <file>', 'write the receipts')
    .addOption(backendOption)
    .addOption(noCompileOption)
    .option('--json', 'print the result as JSON', false)
    .action((place: string, flags: EvalFlags) => run(place, flags));
  addEvalExplain(evaluation);
  addEvalMerge(evaluation);
}

async function run(place: string, flags: EvalFlags): Promise<void> {
  const output = createOutput(flags);
  if ((flags.shard === undefined) !== (flags.savePartial === undefined)) {
    throw new UsageError('--shard and --save-partial go together: a part has no score of its own.');
  }
  if (flags.shard !== undefined && (flags.out !== undefined || flags.saveStatistics !== undefined)) {
    throw new UsageError('--out and --save-statistics: a part has no score. Pass --out to `onestep eval merge`.');
  }
  const engine = await startEngine(flags, output);
  const images = await openImages(place, flags, engine);
  try {
    const against = flags.against ?? (await defaultReference(place, images.generator !== undefined));
    const name = flags.network ?? defaultNetwork(images.shape, against);
    const statisticsOnly = flags.saveStatistics !== undefined && flags.against === undefined;
    const metrics: readonly EvaluationMetric[] = statisticsOnly ? ['fd'] : flags.metrics;
    const opened = await openNetwork(name, flags, {
      shape: images.shape,
      metrics: flags.saveStatistics === undefined ? metrics : ['fd', ...metrics],
      onProgress: (file, bytes, total) =>
        output.progress({ phase: `fetching ${file}`, done: bytes, total: total ?? bytes }),
    });
    try {
      await evaluateImages({ images, opened, engine, output, flags, name, against, metrics, statisticsOnly });
    } finally {
      opened.dispose();
    }
  } finally {
    images.close();
  }
}

interface Context {
  readonly images: ImageSet;
  readonly opened: OpenNetwork;
  readonly engine: Engine;
  readonly output: Output;
  readonly flags: EvalFlags;
  readonly name: NetworkName;
  readonly against: string | undefined;
  readonly metrics: readonly EvaluationMetric[];
  /** Statistics are written and nothing is compared. */
  readonly statisticsOnly: boolean;
}

async function evaluateImages(context: Context): Promise<void> {
  const { images, opened, engine, output, flags, metrics } = context;
  const { seed, batchSize, shard, savePartial, saveStatistics } = flags;
  const compile = engine.compile ? await networkCompiler() : undefined;
  const collect = { batchSize, seed, compile };
  const started = performance.now();
  const total = Math.min(flags.count ?? images.count, images.count);
  if (flags.count !== undefined && flags.count > images.count) {
    throw new UsageError(`--count: there are ${images.count} images, got ${flags.count}.`);
  }
  const [from, to] = shard === undefined ? [0, total] : cutShard(total, batchSize, shard);
  // The reference first: what is wrong with it is known before the long work.
  const reference =
    savePartial !== undefined || context.statisticsOnly
      ? undefined
      : await openReference(context.against, {
          opened,
          metrics,
          imageSize: flags.imageSize,
          collect,
          onProgress: (done, all) => output.progress({ phase: 'reference', done, total: all }),
        });
  const features = await collectFeatures(images.batches(from, to), {
    ...collect,
    network: opened.network,
    metrics: saveStatistics === undefined || metrics.includes('fd') ? metrics : ['fd', ...metrics],
    first: from,
    onProgress: (done) => output.progress(reading('images', done, to - from, started)),
  });
  const { generator } = images;
  if (savePartial !== undefined && shard !== undefined) {
    const request: EvaluationRequest = { ...requestOf(context), total, shard };
    await writeTo(savePartial, encodeFeatures(features, { request: requestText(request) }));
    const facts = { file: savePartial, images: images.id, from, to, total };
    output.result(facts, [
      `Images ${from} to ${to - 1} of ${total}, part ${shard.index} of ${shard.total}`,
      `Written to ${savePartial}. When all parts are there: onestep eval merge PART...`,
    ]);
    return;
  }
  if (saveStatistics !== undefined) await writeStatistics(saveStatistics, features, context);
  const receipts = context.statisticsOnly
    ? []
    : await scoreFeatures(features, reference, { metrics, seed, images: images.id, generator });
  if (flags.out !== undefined && receipts.length > 0) await writeTo(flags.out, await encodeReceipts(receipts));
  const seconds = (performance.now() - started) / 1000;
  output.result({ receipts, file: flags.out, statistics: saveStatistics, seconds }, [
    ...receiptLines(receipts),
    `${to - from} images in ${formatDuration(seconds)}`,
    ...(saveStatistics === undefined ? [] : [`Statistics written to ${saveStatistics}`]),
    ...(flags.out === undefined ? [] : [`Receipt written to ${flags.out}`]),
  ]);
}

/** What a merge must know of the parts. */
function requestOf({ name, images, against, metrics, flags }: Context): Omit<EvaluationRequest, 'total' | 'shard'> {
  const { seed, batchSize, imageSize, weights, inputRule, repeatGrey } = flags;
  const { id, shape, generator } = images;
  return {
    network: name,
    weights,
    inputRule,
    repeatGrey,
    against,
    metrics,
    seed,
    batchSize,
    imageSize,
    images: id,
    shape,
    generator,
  };
}

async function openImages(place: string, flags: EvalFlags, engine: Engine): Promise<ImageSet> {
  const { count = modelCount, imageSize, modelWeights } = flags;
  const parsed = await parsePlace(place);
  if (await isModel(parsed.path)) {
    const { steps, sigmas, sampler, samplerOption, label, guidanceScale, seed } = flags;
    const wish = { steps, sigmas, sampler, samplerOption, label, guidanceScale, seed };
    return openModelImages(parsed.path, { ...wish, count, weights: modelWeights, batchSize: flags.batchSize }, engine);
  }
  const given = (
    ['steps', 'sigmas', 'sampler', 'samplerOption', 'label', 'guidanceScale', 'modelWeights'] as const
  ).find((name) => flags[name] !== undefined);
  if (given !== undefined) {
    const flag = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--${flag}: ${place} holds images that are there already. Leave it out.`);
  }
  return openImageSet(parsed, { imageSize, fallback: 'test' });
}

async function writeStatistics(path: string, features: FeatureSet, { images, opened }: Context): Promise<void> {
  const statistics = features.momentsOf('pool');
  if (statistics === undefined) throw new UsageError('--save-statistics: the network has no pooled features.');
  const { name, sha256, preprocessing } = opened.network;
  await writeTo(path, encodeMoments(statistics, { id: images.id, network: name, weights: sha256, preprocessing }));
}

function reading(phase: string, done: number, total: number, started: number) {
  const perImage = (performance.now() - started) / 1000 / Math.max(1, done);
  return { phase, done, total, imagesPerSecond: 1 / perImage, eta: perImage * (total - done) };
}

function metricList(text: string): EvaluationMetric[] {
  return text.split(',').map((part) => {
    const name = part.trim();
    const known: readonly string[] = evaluationMetrics;
    if (known.includes(name)) return name as EvaluationMetric;
    const near = nearestName(name, evaluationMetrics);
    throw new InvalidArgumentError(
      `Unknown metric "${name}", known are ${known.join(', ')}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    );
  });
}

function repeated(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
