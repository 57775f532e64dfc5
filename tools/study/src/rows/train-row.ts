import { withSecondTime, type PlannedNetwork } from '@onestep/models';
import { paramsFromHost, paramsToHost, randomStream, type HostTensor, type StepRunnerFactory } from '@onestep/tensor';
import {
  createTrainer,
  parseRecipe,
  type BatchSource,
  type HostParams,
  type RecipeInput,
  type TeacherModel,
} from '@onestep/training';
import type { Row } from './row';
import { trainedModel, type TrainedModel } from './trained-model';

/** The part of a recipe that all rows of a study share. */
export type CommonRecipe = Omit<RecipeInput, 'name' | 'method' | 'objective' | 'steps'>;

/** What a row is trained with. */
export interface TrainRowOptions {
  /** The part of the recipe that all rows share. */
  readonly common: CommonRecipe;
  readonly network: PlannedNetwork;
  readonly batches: BatchSource;
  readonly teacher?: TeacherModel | undefined;
  /** Weights to start from; default: fresh ones. */
  readonly initial?: HostParams | undefined;
  readonly runnerFactory: StepRunnerFactory;
  /** Optimizer steps, or how long the row may train: steps are then planned from the pace of the first ones. */
  readonly budget: { readonly steps: number } | { readonly seconds: number };
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** A trained row. */
export interface TrainedRow {
  readonly model: TrainedModel;
  /** Students at the ends of stages, by their number of scales. */
  readonly stages: ReadonlyMap<number, TrainedModel>;
  readonly steps: number;
  readonly seconds: number;
}

/** Steps that are timed to plan a row; the first ones compile. */
const [warmSteps, timedSteps] = [3, 20];

/** Trains one row by the packages' own trainer. */
export async function trainRow(row: Row, options: TrainRowOptions): Promise<TrainedRow> {
  const { budget } = options;
  const steps = 'steps' in budget ? budget.steps : await planSteps(row, options, budget.seconds);
  const began = performance.now();
  const trainer = await makeTrainer(row, options, steps);
  const stages = new Map<number, TrainedModel>();
  await trainer.run({
    onStep: ({ step, totalSteps, loss }) =>
      step % 50 === 0 && options.onProgress?.(`${row.name}: step ${step} of ${totalSteps}, loss ${loss.toFixed(4)}`),
    onCheckpoint: (state) => {
      const { numScales } = state.curriculum;
      // A checkpoint at the very edge already counts to the next stage, whose student is this stage's result.
      if (row.keepStages === true) stages.set(numScales, trainedModel(options.network, state));
    },
  });
  const state = await trainer.readState();
  trainer.dispose();
  const seconds = (performance.now() - began) / 1000;
  return { model: trainedModel(options.network, state), stages, steps, seconds };
}

/** Weights of an earlier row as this row's start; a network with a second time gets fresh weights for it. */
export async function startFrom(weights: HostParams, network: PlannedNetwork, seed: number): Promise<HostParams> {
  if (network.secondTime !== true) return weights;
  const params = paramsFromHost(weights);
  const completed = withSecondTime(params, network, (name) => randomStream(seed, `init.${name}`));
  const host = await paramsToHost(completed);
  // What was complete before is passed on as it is.
  for (const tensor of new Set([...Object.values(params), ...Object.values(completed)])) tensor.dispose();
  return host;
}

async function planSteps(row: Row, options: TrainRowOptions, seconds: number): Promise<number> {
  const trainer = await makeTrainer(row, options, warmSteps + timedSteps);
  let at = 0;
  await trainer.run({ onStep: ({ step }) => step === warmSteps && void (at = performance.now()) });
  const pace = (performance.now() - at) / timedSteps;
  trainer.dispose();
  return Math.max(100, Math.floor((1000 * seconds) / pace));
}

function makeTrainer(row: Row, options: TrainRowOptions, steps: number) {
  const { common, network, batches, teacher, initial, runnerFactory } = options;
  const recipe = parseRecipe({
    ...common,
    ...row.recipe,
    name: row.name,
    method: row.method,
    ...(row.objective === undefined ? {} : { objective: row.objective }),
    steps,
    // Only stages are kept, at the end of each; the finest common part of their lengths is a hundredth of the run.
    checkpoint: { everySteps: row.keepStages === true ? Math.max(1, Math.floor(steps / 100)) : steps },
  });
  return createTrainer({ recipe, network, batches, teacher, initial, runnerFactory });
}

/** Batches of pairs: batch n holds the same rows of noise and samples whenever it is asked for. */
export function pairBatches(noise: HostTensor, images: HostTensor, batchSize: number, seed: number): BatchSource {
  const count = noise.shape[0];
  const size = noise.data.length / count;
  return (batchNumber) => {
    const rows = randomStream(seed, 'study.pairs', batchNumber).integers(batchSize, count);
    const take = (source: HostTensor): HostTensor => {
      const data = new Float32Array(batchSize * size);
      rows.forEach((row, i) => data.set(source.data.subarray(row * size, (row + 1) * size), i * size));
      return { dtype: 'float32', shape: [batchSize, ...source.shape.slice(1)], data };
    };
    return { images: take(images), pairNoise: take(noise) };
  };
}
