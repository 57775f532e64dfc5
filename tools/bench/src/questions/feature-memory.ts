import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compile, type Executor } from '@onestep/compile';
import { collectFeatures, type ByteImages } from '@onestep/metrics';
import { benchFeatures, disposeFeatures, featureImages } from '../jobs/feature-job';
import { peakMemoryMb } from '../measure/machine';
import { TorchPeer, type TorchPeerOptions } from '../peers/torch-peer';
import type { QuestionContext } from '../question';
import type { Report, Row } from '../report/report';
import type { FeaturesOptions } from './features';
import { loadFeaturesIntoTorch } from './torch-network';

/** Batches of the smaller number of images; the larger is four times as much. */
const batches = 4;

/** Peak resident memory of this process after it has seen some images and kept what a Frechet distance needs. */
export async function featureMemoryRow(
  name: string,
  batch: number,
  images: number,
  executor: Executor | undefined,
): Promise<Row> {
  const bench = await benchFeatures(name);
  function* source(): Generator<ByteImages> {
    for (let first = 0; first < images; first += batch) yield featureImages(bench, batch, first);
  }
  await collectFeatures(source(), {
    network: bench.network,
    metrics: ['fd'],
    batchSize: batch,
    compile: executor && ((f, example, options) => compile(f, example, { ...options, executor })),
  });
  disposeFeatures(bench);
  const facts = { 'peak resident MB': peakMemoryMb() };
  return { case: `${name}, ${images} images`, subject: 'peak resident memory', figures: {}, facts };
}

/** Peaks of processes that do nothing else, for some images and four times as many. */
export async function featureMemoryRows(
  name: string,
  batch: number,
  {
    options,
    peerOptions,
    context: { program, progress },
  }: {
    readonly options: FeaturesOptions;
    readonly peerOptions: TorchPeerOptions | undefined;
    readonly context: QuestionContext;
  },
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const images of [batches * batch, 4 * batches * batch]) {
    const facts: Record<string, number> = {};
    for (const engine of program === undefined ? [] : ['eager', 'compiled']) {
      progress(`peak memory: ${name}, ${images} images, ${engine}`);
      facts[`${engine} MB`] = await childPeak(String(program), { name, batch, images, engine, options });
    }
    if (peerOptions !== undefined) {
      progress(`peak memory: ${name}, ${images} images, PyTorch`);
      facts['PyTorch MB'] = await torchPeak(peerOptions, { name, batch, images, options });
    }
    const title = `${name}, batches of ${batch}: peak resident memory`;
    rows.push({ case: title, subject: `${images} images`, figures: {}, facts });
  }
  return rows;
}

interface PeakWork {
  readonly name: string;
  readonly batch: number;
  readonly images: number;
  readonly options: FeaturesOptions;
}

async function childPeak(program: string, work: PeakWork & { readonly engine: string }): Promise<number> {
  const { name, batch, images, engine, options } = work;
  const flags = Object.entries({
    network: name,
    batch,
    engine,
    'peak-of': images,
    backend: options.backend,
    provider: options.provider,
    threads: options.threads,
  }).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'features', '--json', ...flags]);
  const { rows } = JSON.parse(stdout) as Report;
  return Math.round(Number(rows.at(0)?.facts?.['peak resident MB']));
}

async function torchPeak(peerOptions: TorchPeerOptions, { name, batch, images, options }: PeakWork): Promise<number> {
  const bench = await benchFeatures(name);
  const [peer] = await TorchPeer.start(peerOptions);
  try {
    await loadFeaturesIntoTorch(peer, bench, options.torchLayout);
    await peer.ask('features', { name, shape: featureImages(bench, batch).shape, calls: images / batch });
    return Math.round(Number((await peer.ask('memory')).peakMb));
  } finally {
    peer.stop();
    disposeFeatures(bench);
  }
}
