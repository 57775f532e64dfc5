import { estimateFlops } from '@onestep/models';
import { hostTensor, randomStream, type StepRunnerFactory } from '@onestep/tensor';
import { createTrainer, parseRecipe, type Recipe } from '@onestep/training';
import type { BenchNetwork } from './networks';

/** Methods whose step can be measured without a teacher. */
export const trainingMethods = ['edm', 'ect', 'ct'] as const;

/** One of {@link trainingMethods}. */
export type TrainingMethod = (typeof trainingMethods)[number];

/** What to train. */
export interface TrainingJobOptions {
  readonly network: BenchNetwork;
  readonly method: TrainingMethod;
  readonly batch: number;
  /** Default: eagerly on the current backend. */
  readonly runnerFactory?: StepRunnerFactory | undefined;
}

/** A training run that advances one step at a time. */
export interface TrainingJob {
  readonly name: string;
  readonly images: number;
  /** Of one step, see {@link stepFlops}. */
  readonly flops: number;
  /** What executes the steps. */
  readonly description: string;
  step(): Promise<void>;
  dispose(): void;
}

/**
 * Floating-point operations of a training step in convolutions and matrix products: one forward pass of the student, two
 * for its gradients (by input and by weight), and one of the target where the method has one.
 */
export function stepFlops({ network: { network }, method, batch }: TrainingJobOptions): number {
  const passes = 3 + (method === 'edm' ? 0 : 1);
  return passes * estimateFlops(network, batch);
}

/**
 * Makes a run on random images. A step is one of the trainer's own: draws, upload, loss, gradients, Adam, one average,
 * outputs read back and checked; only the data loading is missing.
 */
export async function trainingJob(options: TrainingJobOptions): Promise<TrainingJob> {
  const { network, method, batch, runnerFactory } = options;
  const { shape } = network.network;
  const size = batch * shape.reduce((product, side) => product * side, 1);
  const images = hostTensor(
    randomStream(1, 'bench.images')
      .uniform(size)
      .map((u) => 2 * u - 1),
    [batch, ...shape],
  );
  const recipe = jobRecipe(options);
  const trainer = await createTrainer({ recipe, network: network.network, batches: () => ({ images }), runnerFactory });
  return {
    name: `${network.name}, ${method} step, batch ${batch}`,
    images: batch,
    flops: stepFlops(options),
    description: trainer.description,
    async step() {
      const one = new AbortController();
      await trainer.run({ signal: one.signal, onStep: () => one.abort() });
    },
    dispose: () => trainer.dispose(),
  };
}

/** What a job trains: the same for a worker that computes a part of its steps. */
export function jobRecipe({
  network,
  method,
  batch,
}: Pick<TrainingJobOptions, 'network' | 'method' | 'batch'>): Recipe {
  return parseRecipe({
    name: 'bench',
    method,
    dataset: { spec: 'random' },
    network: { name: network.network.name },
    optimizer: { name: 'adam', learningRate: 1e-4 },
    ema: [{ name: 'main', decay: 0.999 }],
    batchSize: batch,
    steps: 1_000_000,
    logging: { everySteps: 1_000_000 },
  });
}
