import { compiledRunner, type Executor } from '@onestep/compile';
import { initialWeights } from '../jobs/initial-weights';
import type { BenchNetwork } from '../jobs/networks';
import { compiledSampling, eagerSampling } from '../jobs/sampling-job';
import { trainingJob } from '../jobs/training-job';
import { interleaved, timed, type Candidate, type TurnOptions } from '../measure/interleaved';
import { ratios } from '../measure/summary';
import type { TorchPeer } from '../peers/torch-peer';
import { figure, speedFigures, type Row } from '../report/report';
import { loadIntoTorch, torchImages, type torchLayouts } from './torch-network';

/** What to compare on one network. */
export interface CompileCaseOptions extends TurnOptions {
  readonly network: BenchNetwork;
  readonly trainingBatches: readonly number[];
  readonly samplingBatches: readonly number[];
  readonly executor: Executor;
  readonly torch?: { readonly peer: TorchPeer; readonly layout: (typeof torchLayouts)[number] } | undefined;
}

interface Work {
  readonly case: string;
  readonly images: number;
  readonly flops: number;
  /** By engine: `eager`, `compiled`, `PyTorch`. */
  readonly engines: Readonly<Record<string, Candidate['run']>>;
  readonly calls: number;
  readonly dispose: () => Promise<void>;
}

/** Measures training and sampling of one network, all engines in turns; first it makes sure that they compute the same. */
export async function compareEngines(options: CompileCaseOptions): Promise<Row[]> {
  const { network, trainingBatches, samplingBatches, torch, rounds } = options;
  const weights = await initialWeights(network);
  const parameters = torch && (await loadIntoTorch(torch.peer, network, { weights, layout: torch.layout }));
  const works: Work[] = [];
  try {
    for (const batch of trainingBatches) works.push(await trainingWork(options, batch));
    for (const batch of samplingBatches) works.push(await samplingWork(options, batch, weights));
    const agreement = await agreementRow(options, weights, parameters);
    const candidates = works.flatMap((work) =>
      Object.entries(work.engines).map(([engine, run]) => ({
        name: `${work.case}: ${engine}`,
        calls: work.calls,
        run,
      })),
    );
    const times = await interleaved(candidates, { ...options, rounds });
    return [
      agreement,
      ...works.flatMap((work) => workRows(work, (engine) => times.get(`${work.case}: ${engine}`) ?? [])),
    ];
  } finally {
    for (const work of works) await work.dispose();
    if (torch) await torch.peer.ask('drop', { name: network.name });
  }
}

function workRows(work: Work, timesOf: (engine: string) => readonly number[]): Row[] {
  const engines = Object.keys(work.engines);
  const rows = engines.map((engine): Row => ({
    case: work.case,
    subject: engine,
    figures: speedFigures(timesOf(engine), work),
  }));
  const others = engines.filter((engine) => engine !== 'compiled');
  const compared = others.map((engine): Row => {
    const speedup = figure('x', ratios(timesOf(engine), timesOf('compiled')));
    return { case: work.case, subject: `compiled / ${engine}`, figures: { speedup } };
  });
  return [...rows, ...compared];
}

async function trainingWork({ network, executor, torch }: CompileCaseOptions, batch: number): Promise<Work> {
  const eager = await trainingJob({ network, method: 'ect', batch });
  const compiled = await trainingJob({ network, method: 'ect', batch, runnerFactory: compiledRunner({ executor }) });
  return {
    case: eager.name,
    images: batch,
    flops: eager.flops,
    calls: 1,
    engines: {
      eager: timed(() => eager.step()),
      compiled: timed(() => compiled.step()),
      ...(torch && { PyTorch: (calls: number) => torch.peer.time('train', { name: network.name, batch, calls }) }),
    },
    dispose: () => {
      eager.dispose();
      compiled.dispose();
      return Promise.resolve();
    },
  };
}

async function samplingWork(
  { network, executor, torch }: CompileCaseOptions,
  batch: number,
  weights: Awaited<ReturnType<typeof initialWeights>>,
): Promise<Work> {
  const eager = eagerSampling({ network, weights, batch });
  const compiled = await compiledSampling({ network, weights, batch }, executor);
  return {
    case: eager.name,
    images: batch,
    flops: eager.flops,
    calls: batch === 1 ? 10 : 1,
    engines: {
      eager: timed(() => eager.sample()),
      compiled: timed(() => compiled.sample()),
      ...(torch && { PyTorch: (calls: number) => torch.peer.time('sample', { name: network.name, batch, calls }) }),
    },
    dispose: async () => {
      await eager.dispose();
      await compiled.dispose();
    },
  };
}

/** How far apart the engines' one-step images are, relative to the largest pixel. */
async function agreementRow(
  { network, executor, torch }: CompileCaseOptions,
  weights: Awaited<ReturnType<typeof initialWeights>>,
  parameters: number | undefined,
): Promise<Row> {
  const eager = eagerSampling({ network, weights, batch: 1 });
  const compiled = await compiledSampling({ network, weights, batch: 1 }, executor);
  try {
    const expected = await eager.sample();
    const difference = (images: ArrayLike<number>): number => {
      const scale = Math.max(...expected.map(Math.abs));
      return Math.max(...Array.from(images, (value, i) => Math.abs(value - expected[i]))) / scale;
    };
    const facts: Record<string, number> = { 'compiled - eager': difference(await compiled.sample()) };
    if (torch !== undefined && parameters !== undefined) {
      facts['PyTorch - eager'] = difference(await torchImages(torch.peer, network.name, eager.noise));
      facts['parameters, here and there'] = parameters;
    }
    return {
      case: `${network.name}: do the engines compute the same?`,
      subject: 'largest difference',
      figures: {},
      facts,
    };
  } finally {
    await eager.dispose();
    await compiled.dispose();
  }
}
