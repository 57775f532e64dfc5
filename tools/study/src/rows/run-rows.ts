import { chooseExecutor, compiledRunner, type Executor } from '@onestep/compile';
import type { PlannedNetwork } from '@onestep/models';
import { useBackend, type HostTensor } from '@onestep/tensor';
import type { BatchSource, HostParams, TeacherModel } from '@onestep/training';
import { generate, unitNoise } from './generate';
import { modelCalls } from './model-calls';
import type { Row, SamplePlan } from './row';
import {
  pairBatches,
  startFrom,
  trainRow,
  type CommonRecipe,
  type TrainedRow,
  type TrainRowOptions,
} from './train-row';
import type { TrainedModel } from './trained-model';

/** What a study fixes for all its rows. */
export interface Setting {
  readonly seed: number;
  readonly shape: readonly number[];
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  readonly batchSize: number;
  /** Samples through a network at once. */
  readonly sampleBatch: number;
  readonly common: CommonRecipe;
  readonly batches: BatchSource;
  readonly network: (row: Row) => PlannedNetwork;
  /** Teacher of a row that distils; `params` are those of the row it starts from. */
  readonly teacher: (row: Row, params: HostParams) => TeacherModel;
  /** Where the teacher's ODE takes unit noise; the number of pairs, and how an earlier flow is solved for them. */
  readonly pairs: {
    readonly count: number;
    readonly fromTeacher: (noise: HostTensor, runner: RowRunner) => Promise<HostTensor>;
    readonly flow: SamplePlan;
  };
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** Chooses the engine: wasm for what is not compiled, ONNX Runtime for the rest. */
export async function studyEngine(threads: number): Promise<Executor> {
  await useBackend('wasm');
  return chooseExecutor({ threads });
}

/** Trains rows one after another and keeps what they end with. */
export class RowRunner {
  readonly #done = new Map<string, TrainedRow>();
  /** The network that rows distil, in studies that train one. */
  teacher: TrainedModel | undefined;

  constructor(
    readonly setting: Setting,
    readonly executor: Executor,
  ) {}

  /** Trains a row; the rows it starts from or takes pairs from come first. */
  async train(row: Row, budget: TrainRowOptions['budget']): Promise<TrainedRow> {
    const { setting, executor } = this;
    const network = setting.network(row);
    const earlier = this.#done.get(row.start)?.model.params;
    const began = performance.now();
    const pairs = row.pairs === undefined ? undefined : await this.#pairs(row.pairs);
    const spent = (performance.now() - began) / 1000;
    const trained = await trainRow(row, {
      common: setting.common,
      network,
      batches: pairs ?? setting.batches,
      teacher: row.teacher === true ? setting.teacher(row, earlier ?? {}) : undefined,
      initial: earlier === undefined ? undefined : await startFrom(earlier, network, setting.seed),
      runnerFactory: compiledRunner({ executor }),
      // What the pairs cost is part of the method.
      budget: 'seconds' in budget ? { seconds: Math.max(0.2 * budget.seconds, budget.seconds - spent) } : budget,
      onProgress: setting.onProgress,
    });
    this.#done.set(row.name, trained);
    return { ...trained, seconds: trained.seconds + spent };
  }

  /** The first `count` samples of the study's noise, by a plan. */
  async sample(model: TrainedModel, plan: SamplePlan, count: number, seed = this.setting.seed): Promise<HostTensor> {
    const { shape, sigmaMin, sampleBatch } = this.setting;
    const calls = await modelCalls(model, { batchSize: sampleBatch, executor: this.executor });
    try {
      return await generate(calls, { plan, count, batchSize: sampleBatch, shape, seed, sigmaMin });
    } finally {
      await calls.dispose();
    }
  }

  /** The first `count` draws of the study's noise. */
  noiseOf(count: number): HostTensor {
    return unitNoise(this.setting.seed, count, this.setting.shape);
  }

  /** The model that a number of network calls is sampled from: of a method in stages, that stage's student. */
  modelFor(row: Row, trained: TrainedRow, nfe: number): TrainedModel {
    return (row.keepStages === true ? trained.stages.get(nfe) : undefined) ?? trained.model;
  }

  async #pairs(from: string): Promise<BatchSource> {
    const { setting } = this;
    const { count, fromTeacher, flow } = setting.pairs;
    const seed = setting.seed + 1;
    const noise = unitNoise(seed, count, setting.shape);
    setting.onProgress?.(`${count} pairs from ${from}`);
    const model = this.#done.get(from)?.model;
    const images = model === undefined ? await fromTeacher(noise, this) : await this.sample(model, flow, count, seed);
    return pairBatches(noise, images, setting.batchSize, setting.seed);
  }
}

/**
 * The rows asked for, with those they start from or take pairs from, in the order of the study.
 *
 * @throws {@link RangeError} for a name that is no row
 */
export function rowsFor(all: readonly Row[], names: readonly string[] | undefined): readonly Row[] {
  if (names === undefined) return all;
  const wanted = new Set<string>();
  const add = (name: string): void => {
    const row = all.find((candidate) => candidate.name === name);
    if (row === undefined || wanted.has(name)) return;
    wanted.add(name);
    add(row.start);
    if (row.pairs !== undefined) add(row.pairs);
  };
  for (const name of names) {
    if (!all.some((row) => row.name === name)) {
      throw new RangeError(`study: there is no row "${name}", known are ${all.map((row) => row.name).join(', ')}.`);
    }
    add(name);
  }
  return all.filter(({ name }) => wanted.has(name));
}
