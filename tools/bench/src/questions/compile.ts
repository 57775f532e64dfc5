import { chooseExecutor, compiledRunner, type Executor } from '@onestep/compile';
import { tf, useBackend, type BackendName } from '@onestep/tensor';
import { initialWeights } from '../jobs/initial-weights';
import { benchNetwork } from '../jobs/networks';
import { trainingJob } from '../jobs/training-job';
import { peakMemoryOf } from '../measure/peak-memory';
import { findTorch } from '../peers/find-torch';
import { TorchPeer, type TorchPeerOptions } from '../peers/torch-peer';
import type { CommonOptions, Question, QuestionContext } from '../question';
import type { Row } from '../report/report';
import { compareEngines } from './compile-case';
import { profileAnswer } from './compile-profile';
import { matrixProductRows } from './matrix-product';
import {
  oneOf,
  positiveInteger,
  positiveIntegers,
  withBackend,
  withExecutor,
  withWork,
  type ExecutorOptions,
} from './options';
import { steadyRow } from './steady-row';
import { loadIntoTorch, torchLayouts } from './torch-network';

interface CompileOptions extends CommonOptions, ExecutorOptions {
  readonly network?: readonly string[] | undefined;
  readonly batch?: readonly number[] | undefined;
  readonly sampleBatch?: readonly number[] | undefined;
  readonly steps?: number | undefined;
  readonly backend: BackendName;
  readonly torch: boolean;
  readonly python?: string | undefined;
  readonly device: 'cpu' | 'cuda';
  readonly torchLayout: (typeof torchLayouts)[number];
  readonly memory: boolean;
  readonly profile: boolean;
}

/** How does a compiled graph compare with eager TensorFlow.js and with PyTorch? */
export const compile: Question<CompileOptions> = {
  name: 'compile',
  summary: 'Training step and one-step sampling: eager, compiled, and PyTorch where a Python has it.',
  configure: (command) =>
    withExecutor(withBackend(withWork(command)))
      .option('--sample-batch <sizes>', 'images per batch in sampling, default 1,64', positiveIntegers)
      .option(
        '--steps <count>',
        'compiled steps on a tiny network over which memory is watched, default 200',
        positiveInteger,
      )
      .option('--no-torch', 'leave PyTorch out')
      .option('--python <path>', 'Python to ask for PyTorch first')
      .option('--device <name>', 'device of PyTorch, cpu or cuda', oneOf(['cpu', 'cuda']), 'cpu')
      .option('--torch-layout <channels>', 'channels of PyTorch, first or last', oneOf(torchLayouts), 'first')
      .option('--profile', 'instead: where the time of the compiled graph goes, operator by operator', false)
      .option('--no-memory', 'leave out peak memory, which takes a process for every case'),
  async ask(options, context) {
    const { quick, backend, provider, threads, torchLayout, device } = options;
    const rounds = options.rounds ?? (quick ? 2 : 5);
    const networks = options.network ?? (quick ? ['tiny'] : ['engine-benchmark', 'grid-16', 'cifar-small']);
    const batches = options.batch ?? [quick ? 2 : 16];
    const samplingBatches = options.sampleBatch ?? (quick ? [1, 4] : [1, 64]);
    const { progress } = context;
    await useBackend(backend);
    const executor = await chooseExecutor({ provider, threads });
    if (options.profile) {
      const works = { networks, trainingBatches: batches, samplingBatches, rounds, threads };
      return profileAnswer({ ...works, executor, size: quick ? 16 : 1024, progress });
    }
    progress('looking for a Python with PyTorch');
    const found = options.torch ? await findTorch(options.python) : undefined;
    const peerOptions = found && { python: found.python, threads, device };
    const started = peerOptions && (await TorchPeer.start(peerOptions));
    const torch = started && { peer: started[0], layout: torchLayout };
    const onTurn = ({ round, name }: { readonly round: number; readonly name: string }): void =>
      progress(`${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}: ${name}`);
    const rows: Row[] = [];
    try {
      // First, while the process is small: a leak would drown in what large batches leave behind.
      rows.push(await watchCompiled(executor, options, context));
      for (const name of networks) {
        progress(`compiling ${name}`);
        const turns = { rounds, restMs: quick ? 0 : 50, onTurn };
        const works = { network: benchNetwork(name), trainingBatches: batches, samplingBatches };
        rows.push(...(await compareEngines({ ...works, ...turns, executor, torch })));
      }
      rows.push(...(await matrixProductRows({ executor, peer: torch?.peer, size: quick ? 16 : 1024, rounds })));
    } finally {
      torch?.peer.stop();
    }
    if (options.memory && !quick) {
      for (const name of networks) {
        for (const batch of batches) rows.push(await memoryRow({ name, batch, options, peerOptions }, context));
      }
    }
    return {
      rows,
      engines: [
        `eager: TensorFlow.js ${tf.version_core}, backend ${backend}`,
        `compiled: ${executor.description}, ${threads} threads`,
        started === undefined ? 'PyTorch: left out or not found' : `${started[1]}, channels ${torchLayout}`,
      ],
      notes: [
        "x is the other engine's time over the compiled time, round by round: above 1 the compiled graph is faster.",
        'GFLOP/s counts convolutions and matrix products alone: forward 1, gradients 2, target pass 1.',
        'Sampling: weights are constants of the graph, noise is given, images end in host memory.',
      ],
    };
  },
};

async function watchCompiled(
  executor: Executor,
  { steps: asked, quick }: CompileOptions,
  { progress }: QuestionContext,
): Promise<Row> {
  const steps = asked ?? (quick ? 20 : 200);
  progress(`${steps} compiled steps on a tiny network`);
  const tiny = await trainingJob({
    network: benchNetwork('tiny'),
    method: 'ect',
    batch: 2,
    runnerFactory: compiledRunner({ executor }),
  });
  try {
    return await steadyRow(tiny, steps, () => tf.memory().numTensors);
  } finally {
    tiny.dispose();
  }
}

interface MemoryCase {
  readonly name: string;
  readonly batch: number;
  readonly options: CompileOptions;
  readonly peerOptions: TorchPeerOptions | undefined;
}

/** Peaks of processes that do nothing else; no eager one here, the question `training` has it. */
async function memoryRow(
  { name, batch, options, peerOptions }: MemoryCase,
  { program, progress }: QuestionContext,
): Promise<Row> {
  const { backend, provider, threads, torchLayout } = options;
  const facts: Record<string, number> = {};
  if (program !== undefined) {
    progress(`peak memory: ${name}, batch ${batch}, compiled`);
    facts['compiled MB'] = await peakMemoryOf(program, {
      network: name,
      batch,
      engine: 'compiled',
      method: 'ect',
      backend,
      provider,
      threads,
    });
  }
  if (peerOptions !== undefined) {
    progress(`peak memory: ${name}, batch ${batch}, PyTorch`);
    facts['PyTorch MB'] = await torchPeak(peerOptions, name, batch, torchLayout);
  }
  return { case: `${name}, ect step, batch ${batch}`, subject: 'peak resident memory', figures: {}, facts };
}

async function torchPeak(
  options: TorchPeerOptions,
  name: string,
  batch: number,
  layout: (typeof torchLayouts)[number],
): Promise<number> {
  const network = benchNetwork(name);
  const [peer] = await TorchPeer.start(options);
  try {
    await loadIntoTorch(peer, network, { weights: await initialWeights(network), layout });
    await peer.ask('train', { name, batch, calls: 3 });
    return Math.round(Number((await peer.ask('memory')).peakMb));
  } finally {
    peer.stop();
  }
}
