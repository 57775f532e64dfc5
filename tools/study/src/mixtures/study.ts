import { float64Space, karrasSigmas, rectifiedFlowSigmas } from '@onestep/core';
import { networkFromConfig } from '@onestep/models';
import { euler, heun } from '@onestep/sampling';
import { hostTensor, type HostTensor } from '@onestep/tensor';
import { unitNoise } from '../rows/generate';
import { nfeColumns } from '../rows/row';
import { RowRunner, rowsFor, studyEngine, type Setting } from '../rows/run-rows';
import { samplePlans } from '../rows/sample-plans';
import { exactEnds, mixtureBatches, mixtureProblem, type MixtureProblem } from './problem';
import { mixtureRows } from './rows';
import { score, type Reference, type Scores } from './scores';

/** What is asked for. */
export interface MixtureStudyOptions {
  readonly problem: MixtureProblem['name'];
  /** Optimizer steps of every row. */
  readonly steps: number;
  readonly seed: number;
  /** Rows to train, and with them those they start from; default all. */
  readonly rows?: readonly string[] | undefined;
  /** Points that are scored. */
  readonly points: number;
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** One line of the table. */
export interface MixtureLine {
  readonly name: string;
  readonly steps: number;
  readonly seconds: number;
  readonly byNfe: Readonly<Record<number, Scores>>;
}

/** Trains every row on a mixture and scores it. */
export async function studyMixture(options: MixtureStudyOptions): Promise<readonly MixtureLine[]> {
  const { seed, points, steps, onProgress } = options;
  const problem = mixtureProblem(options.problem);
  const rows = rowsFor(mixtureRows(problem), options.rows);
  // One thread: for networks this small a second one costs more than it does.
  const runner = new RowRunner(mixtureSetting(problem, options), await studyEngine(1));
  const noise = unitNoise(seed, points, [problem.dimensions]);
  const reference: Reference = {
    ends: exactEnds(problem, noise),
    data: problem.draw(seed, 'study.reference', points),
    seed,
  };
  const lines: MixtureLine[] = [
    dataLine(problem.draw(seed, 'study.floor', points), reference),
    ...(await solverLines(problem, reference, noise)),
  ];
  for (const row of rows) {
    const trained = await runner.train(row, { steps });
    const byNfe: Record<number, Scores> = {};
    for (const [nfe, plan] of Object.entries(row.samples)) {
      const samples = await runner.sample(runner.modelFor(row, trained, Number(nfe)), plan, points);
      byNfe[Number(nfe)] = score(samples, plan.kind !== 'multistep' || plan.levels.length === 1, reference);
    }
    lines.push({ name: row.name, steps: trained.steps, seconds: trained.seconds, byNfe });
    onProgress?.(`${row.name}: ${trained.seconds.toFixed(0)} s, ${JSON.stringify(byNfe)}`);
  }
  return lines;
}

function mixtureSetting(problem: MixtureProblem, { seed, onProgress }: MixtureStudyOptions): Setting {
  const { dimensions, sigmaMin, sigmaMax, mixture } = problem;
  const batchSize = 256;
  return {
    seed,
    shape: [dimensions],
    sigmaMin,
    sigmaMax,
    batchSize,
    sampleBatch: 2048,
    common: {
      dataset: { spec: `mixture-${problem.name}` },
      network: { name: 'mlp' },
      sigma: { min: sigmaMin, max: sigmaMax },
      optimizer: { name: 'adam', learningRate: 2e-3, decay: { from: 0.5, to: 0.01 } },
      ema: [{ name: 'main', decay: 0.995 }],
      batchSize,
      seed,
      logging: { everySteps: 1000 },
    },
    batches: mixtureBatches(problem, batchSize, seed),
    network: ({ secondTime = false }) =>
      networkFromConfig({
        name: 'mlp',
        config: { shape: [dimensions], hiddenChannels: 128, numBlocks: 3, secondTime },
      }),
    // The exact denoiser; for progressive distillation, whose teacher is a network, the one it starts from.
    teacher: ({ method }, params) => (method === 'pd' ? { params } : { params: {}, denoiser: () => mixture.denoiser }),
    pairs: {
      count: 32_768,
      fromTeacher: (noise) =>
        Promise.resolve(hostTensor(Float32Array.from(exactEnds(problem, noise, 60).data), noise.shape)),
      flow: { kind: 'euler', levels: rectifiedFlowSigmas(60, sigmaMax) },
    },
    onProgress,
  };
}

/** What fresh draws from the data score against the data. */
function dataLine(fresh: HostTensor, reference: Reference): MixtureLine {
  return { name: 'data itself', steps: 0, seconds: 0, byNfe: { 1: score(fresh, false, reference) } };
}

/** The exact denoiser under plain solvers: what distillation may hope for, and what it replaces. */
async function solverLines(
  problem: MixtureProblem,
  reference: Reference,
  noise: HostTensor,
): Promise<readonly MixtureLine[]> {
  const start = Float64Array.from(noise.data, (value) => value * problem.sigmaMax);
  const solved = async (solver: typeof euler, sigmas: readonly number[]): Promise<Scores> => {
    const data = await solver.sample(problem.mixture.denoise, start, { space: float64Space, sigmas });
    return score({ shape: noise.shape, data }, true, reference);
  };
  const { denoiser } = samplePlans(problem);
  const few: Record<number, Scores> = {};
  for (const nfe of nfeColumns) few[nfe] = await solved(euler, denoiser[nfe].levels);
  const many = await solved(heun, karrasSigmas(40, problem));
  return [
    { name: 'exact denoiser, Euler', steps: 0, seconds: 0, byNfe: few },
    { name: 'exact denoiser, Heun, 78 calls', steps: 0, seconds: 0, byNfe: { 1: many } },
  ];
}
