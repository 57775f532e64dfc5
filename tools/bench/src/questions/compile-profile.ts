import { compiledRunner, type Executor } from '@onestep/compile';
import { initialWeights } from '../jobs/initial-weights';
import { benchNetwork, type BenchNetwork } from '../jobs/networks';
import { compiledSampling } from '../jobs/sampling-job';
import { trainingJob } from '../jobs/training-job';
import { operatorRates, sumOf, topGroups, total, type OperatorGroup } from '../measure/operator-rates';
import { profileOf } from '../measure/profiled-executor';
import type { Answer } from '../question';
import { figure, type Row } from '../report/report';
import { productChain, type ProductChain } from './matrix-product';

/** What to profile. */
interface ProfileOptions {
  readonly network: BenchNetwork;
  readonly trainingBatches: readonly number[];
  readonly samplingBatches: readonly number[];
  readonly threads: number;
  /** Runs that count, after one that warms up. */
  readonly rounds: number;
  /** What the machine can do, measured between the rounds. */
  readonly product: ProductChain;
  readonly progress: (text: string) => void;
}

/** Rows of a table by shape, and by kind beside products and convolutions; what is beyond is summed up. */
const shownShapes = 8;
const shownKinds = 8;

/** One piece of compiled work. */
export interface ProfiledJob {
  readonly name: string;
  readonly run: () => Promise<unknown>;
  readonly dispose: () => unknown;
}

/** What {@link profileAnswer} is asked. */
export interface ProfileQuestion extends Omit<ProfileOptions, 'network' | 'product'> {
  /** Names of networks. */
  readonly networks: readonly string[];
  /** The executor that is profiled, without a profile, for the matrix product. */
  readonly executor: Executor;
  /** Sides of its matrices. */
  readonly size: number;
}

/**
 * Where the time of compiled training steps and compiled sampling goes, operator by operator.
 *
 * @throws {@link RangeError} if the executor is not the CPU provider, which alone is profiled
 */
export async function profileAnswer({ networks, executor, size, ...options }: ProfileQuestion): Promise<Answer> {
  if (executor.target !== 'cpu') {
    throw new RangeError(`--profile: provider must be cpu, got ${executor.target}.`);
  }
  const product = await productChain(executor, size);
  const rows: Row[] = [];
  try {
    for (const name of networks) {
      rows.push(...(await profileRows({ ...options, network: benchNetwork(name), product })));
    }
  } finally {
    await product.dispose();
  }
  return {
    rows,
    engines: [`compiled: ${executor.description}`],
    notes: [
      'Shares are of the whole as the program sees it, sums over all rounds.',
      `GFLOP/s are of the fastest round, the peak is the fastest of ${size} x ${size} x ${size} products, compiled, between the rounds.`,
      'conv2d, conv2dInputGrad and conv2dFilterGrad are named for what they were in TensorFlow.js, whatever computes them.',
      'Conv that is not among them scales or sums channels: norms. Their arithmetic is not counted.',
    ],
  };
}

async function profileRows(options: ProfileOptions): Promise<Row[]> {
  const { network, trainingBatches, samplingBatches } = options;
  const rows: Row[] = [];
  for (const batch of trainingBatches) {
    rows.push(
      ...(await profiledRows(options, async (executor) => {
        const runnerFactory = compiledRunner({ executor });
        const job = await trainingJob({ network, method: 'ect', batch, runnerFactory });
        return { name: job.name, run: () => job.step(), dispose: () => job.dispose() };
      })),
    );
  }
  const weights = await initialWeights(network);
  for (const batch of samplingBatches) {
    rows.push(
      ...(await profiledRows(options, async (executor) => {
        const job = await compiledSampling({ network, weights, batch }, executor);
        return { name: job.name, run: () => job.sample(), dispose: () => job.dispose() };
      })),
    );
  }
  return rows;
}

/** Time for threads that the last graph left spinning to go to sleep. */
function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

/**
 * Profiles one piece of work: a table by kind of operator and one by kind and shape.
 *
 * @param open - makes the work on the executor it is given, which is on the CPU
 */
export async function profiledRows(
  { threads, rounds, product, progress }: Pick<ProfileOptions, 'threads' | 'rounds' | 'product' | 'progress'>,
  open: (executor: Executor) => Promise<ProfiledJob>,
): Promise<Row[]> {
  const times: number[] = [];
  const rates: number[] = [];
  let name = '';
  const { events, operators } = await profileOf({ threads }, async (executor) => {
    const job = await open(executor);
    name = job.name;
    for (let round = -1; round < rounds; round += 1) {
      progress(`profile: ${name}`);
      const started = performance.now();
      await job.run();
      if (round >= 0) times.push(performance.now() - started);
      await rest();
      const productStarted = performance.now();
      await product.run();
      if (round >= 0) rates.push(product.flops / (performance.now() - productStarted) / 1e6);
      await rest();
    }
    await job.dispose();
  });
  const { runMs, byKind, byShape } = operatorRates(events, operators);
  const peak = Math.max(...rates);
  const rowOf = (title: string, { name: subject, calls, flops, ms }: OperatorGroup): Row => {
    const rate = flops / Math.min(...ms) / 1e6;
    const speed: Record<string, number> = flops === 0 ? {} : { 'GFLOP/s': rate, '% of the peak': (100 * rate) / peak };
    const facts = { '% of the whole': (100 * total(ms)) / total(times), calls, ...speed };
    return { case: title, subject, figures: { time: figure('ms', ms) }, facts };
  };
  const inOperators = sumOf('in operators', byKind);
  const between = (subject: string, all: readonly number[], part: readonly number[]): OperatorGroup => {
    const ms = all.map((value, run) => Math.max(0, value - part[run]));
    return { name: subject, calls: 0, flops: 0, ms };
  };
  const kinds = `${name}: operators by kind`;
  const shapes = `${name}: operators by kind and shape`;
  return [
    { case: kinds, subject: 'matrix products between', figures: { rate: figure('GFLOP/s', rates) } },
    rowOf(kinds, { ...inOperators, name: 'the whole', ms: times }),
    ...byKind.filter(({ flops }) => flops > 0).map((group) => rowOf(kinds, group)),
    ...topGroups(byKind.filter(({ flops }) => flops === 0), shownKinds).map((group) => rowOf(kinds, group)), // prettier-ignore
    rowOf(kinds, between('between operators', runMs, inOperators.ms)),
    rowOf(kinds, between('outside of the graph', times, runMs)),
    ...topGroups(byShape, shownShapes).map((group) => rowOf(shapes, group)),
  ];
}
