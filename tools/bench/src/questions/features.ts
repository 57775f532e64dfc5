import { chooseExecutor, type Executor } from '@onestep/compile';
import { tf, useBackend, type BackendName } from '@onestep/tensor';
import { benchFeatures, disposeFeatures, featureImages, featureJob, featureNetworks } from '../jobs/feature-job';
import { interleaved, timed, type Candidate } from '../measure/interleaved';
import { ratios } from '../measure/summary';
import { findTorch } from '../peers/find-torch';
import { TorchPeer } from '../peers/torch-peer';
import type { CommonOptions, Question, QuestionContext } from '../question';
import { figure, type Row } from '../report/report';
import { profiledRows } from './compile-profile';
import { featureMemoryRow, featureMemoryRows } from './feature-memory';
import { productChain } from './matrix-product';
import {
  namesOf,
  oneOf,
  positiveInteger,
  positiveIntegers,
  withBackend,
  withExecutor,
  type ExecutorOptions,
} from './options';
import { loadFeaturesIntoTorch, torchFeatures, torchLayouts } from './torch-network';

/** Options of the question. */
export interface FeaturesOptions extends CommonOptions, ExecutorOptions {
  readonly network?: readonly string[] | undefined;
  readonly batch?: readonly number[] | undefined;
  readonly backend: BackendName;
  readonly torch: boolean;
  readonly python?: string | undefined;
  readonly torchLayout: (typeof torchLayouts)[number];
  readonly memory: boolean;
  readonly profile: boolean;
  /** What a child process is asked for. */
  readonly peakOf?: number | undefined;
  readonly engine: 'eager' | 'compiled';
}

/** How many images a second go through the networks that scores see with, and does memory grow with their number? */
export const features: Question<FeaturesOptions> = {
  name: 'features',
  summary: 'Feature networks of the scores: images/s eager, compiled and in PyTorch, peak memory by number of images.',
  configure: (command) =>
    withExecutor(withBackend(command))
      .option('--network <names>', `of ${names.join(', ')}`, namesOf(names))
      .option('--batch <sizes>', 'images per batch, default 1,8 for Inception and 250 for LeNet', positiveIntegers)
      .option('--no-torch', 'leave PyTorch out')
      .option('--python <path>', 'Python to ask for PyTorch first')
      .option('--torch-layout <channels>', 'channels of PyTorch, first or last', oneOf(torchLayouts), 'first')
      .option('--profile', 'instead: where the time of the compiled graph goes, operator by operator', false)
      .option('--no-memory', 'leave out peak memory, which takes processes of its own')
      .option('--peak-of <images>', 'instead: peak memory of this process over that many images', positiveInteger)
      .option('--engine <name>', 'of --peak-of, eager or compiled', oneOf(['eager', 'compiled']), 'compiled'),
  async ask(options, context) {
    const { quick, backend, provider, threads, torchLayout } = options;
    await useBackend(backend);
    const executor = await chooseExecutor({ provider, threads });
    const networks = options.network ?? (quick ? ['lenet-mnist'] : names);
    const batchesOf = (name: string): readonly number[] =>
      options.batch ?? (quick ? [2] : featureNetworks[name].batches);
    const engines = [
      `eager: TensorFlow.js ${tf.version_core}, backend ${backend}`,
      `compiled: ${executor.description}, ${threads} threads`,
    ];
    if (options.peakOf !== undefined) {
      const [name] = networks;
      const batch = Math.max(...batchesOf(name));
      const engine = options.engine === 'compiled' ? executor : undefined;
      return { rows: [await featureMemoryRow(name, batch, options.peakOf, engine)], engines, notes: [] };
    }
    const rows: Row[] = [];
    if (options.profile) {
      for (const name of networks) {
        for (const batch of batchesOf(name)) rows.push(...(await profile(name, batch, executor, options, context)));
      }
      return { rows, engines, notes: ['Shares are of the whole as the program sees it, sums over all rounds.'] };
    }
    context.progress('looking for a Python with PyTorch');
    const found = options.torch ? await findTorch(options.python) : undefined;
    const peerOptions = found && { python: found.python, threads, device: 'cpu' };
    const started = peerOptions && (await TorchPeer.start(peerOptions));
    try {
      for (const name of networks) {
        rows.push(...(await compare(name, batchesOf(name), { executor, peer: started?.[0], options, context })));
      }
    } finally {
      started?.[0].stop();
    }
    if (options.memory && !quick) {
      for (const name of networks) {
        const batch = Math.max(...batchesOf(name));
        rows.push(...(await featureMemoryRows(name, batch, { options, peerOptions, context })));
      }
    }
    return {
      rows,
      engines: [...engines, started ? `${started[1]}, channels ${torchLayout}` : 'PyTorch: left out or not found'],
      notes: [
        'From bytes in host memory to features there. Inception has weights from a formula, 299 x 299 images and its pooled features.',
        "x is the other engine's time over the compiled time, round by round: above 1 the compiled graph is faster.",
        'PyTorch runs batch norms as layers, as pytorch-fid does; here they are folded into the convolutions when weights are read.',
        'Peak memory is of processes that do nothing else, the sums of fd included in eager and compiled.',
      ],
    };
  },
};

const names = Object.keys(featureNetworks);

interface CompareOptions {
  readonly executor: Executor;
  readonly peer: TorchPeer | undefined;
  readonly options: FeaturesOptions;
  readonly context: QuestionContext;
}

async function compare(name: string, batches: readonly number[], given: CompareOptions): Promise<Row[]> {
  const { executor, peer, options, context } = given;
  const { progress } = context;
  const rounds = options.rounds ?? (options.quick ? 2 : 5);
  const bench = await benchFeatures(name);
  const rows: Row[] = [];
  try {
    if (peer) await loadFeaturesIntoTorch(peer, bench, options.torchLayout);
    for (const batch of batches) {
      progress(`compiling ${name}, batch ${batch}`);
      const images = featureImages(bench, batch);
      const eager = await featureJob(bench, images);
      const compiled = await featureJob(bench, images, executor);
      const expected = await eager.run();
      const facts: Record<string, number> = { 'compiled - eager': difference(await compiled.run(), expected) };
      if (peer) facts['PyTorch - eager'] = difference(await torchFeatures(peer, name, images), expected);
      const title = `${name}, batch ${batch}`;
      rows.push({ case: `${title}: do the engines compute the same?`, subject: 'largest difference', figures: {}, facts }); // prettier-ignore
      const candidates: Candidate[] = [
        { name: 'eager', run: timed(eager.run) },
        { name: 'compiled', run: timed(compiled.run) },
      ];
      if (peer) {
        const shape = images.shape;
        candidates.push({ name: 'PyTorch', run: (calls) => peer.time('features', { name, shape, calls }) });
      }
      const times = await interleaved(candidates, {
        rounds,
        restMs: options.quick ? 0 : 50,
        onTurn: ({ round, name: engine }) =>
          progress(`${title}, ${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}: ${engine}`),
      });
      await eager.dispose();
      await compiled.dispose();
      rows.push(...speedRows(title, batch, times));
    }
  } finally {
    disposeFeatures(bench);
    if (peer) await peer.ask('drop', { name });
  }
  return rows;
}

function speedRows(title: string, batch: number, times: ReadonlyMap<string, readonly number[]>): Row[] {
  const compiled = times.get('compiled') ?? [];
  const engines = [...times].map(([subject, ms]): Row => {
    const throughput = ms.map((value) => (1000 * batch) / value);
    return { case: title, subject, figures: { time: figure('ms', ms), throughput: figure('images/s', throughput) } };
  });
  const compared = [...times].flatMap(([engine, ms]): Row[] => {
    if (engine === 'compiled') return [];
    return [{ case: title, subject: `compiled / ${engine}`, figures: { speedup: figure('x', ratios(ms, compiled)) } }];
  });
  return [...engines, ...compared];
}

/** Largest difference, relative to the largest feature. */
function difference(values: ArrayLike<number>, expected: Float32Array): number {
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return expected.reduce((largest, value, i) => Math.max(largest, Math.abs(values[i] - value)), 0) / scale;
}

async function profile(
  name: string,
  batch: number,
  executor: Executor,
  { rounds = 3, threads, quick }: FeaturesOptions,
  { progress }: QuestionContext,
): Promise<Row[]> {
  const product = await productChain(executor, quick ? 16 : 1024);
  const bench = await benchFeatures(name);
  try {
    return await profiledRows({ threads, rounds, product, progress }, async (profiled) => {
      const job = await featureJob(bench, featureImages(bench, batch), profiled);
      return { name: `${name}, batch ${batch}`, ...job };
    });
  } finally {
    disposeFeatures(bench);
    await product.dispose();
  }
}
