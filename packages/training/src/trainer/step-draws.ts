import type { Network } from '@onestep/core';
import { OnestepError, type HostTensor } from '@onestep/tensor';
import { emaDecay, type EmaSpec } from '../ema/ema';
import { drawDropout } from '../objectives/image-draws';
import type { Objective, Progress } from '../objectives/objective';
import type { Optimizer } from '../optimizers/optimizer';
import { packInputs } from '../step/step-inputs';
import { learningRateAt, type LearningRateSchedule } from './learning-rate';

/** One batch in host memory. */
export interface HostBatch {
  /** `[B, ...shape]` in [-1, 1]. */
  readonly images: HostTensor;
  /** One-hot `[B, numClasses]`. */
  readonly labels?: HostTensor | undefined;
}

/** What the inputs of a step are made from. */
export interface StepSource {
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  readonly emas: readonly EmaSpec[];
  readonly network: Pick<Network, 'dropoutSites' | 'shape' | 'numClasses'>;
  readonly batchSize: number;
  readonly seed: number;
  readonly dropout: number;
  readonly schedule: LearningRateSchedule;
}

/**
 * Draws and scalars of one step, as a pure function of progress and batch.
 *
 * @returns `inputs` for the runner, and for reports the `draws`, the `learningRate` and the numbers of the `curriculum`
 */
export function stepInputs(source: StepSource, progress: Progress, batch: HostBatch) {
  const { objective, optimizer, emas, network, batchSize, seed, dropout, schedule } = source;
  const request = { ...progress, seed, batchSize, shape: network.shape };
  const curriculum = objective.curriculum(progress);
  const draws = objective.draws(request);
  const learningRate = learningRateAt(progress, schedule);
  const scalars: Record<string, number> = {};
  for (const [name, value] of Object.entries(optimizer.scalars(progress.step, learningRate))) {
    scalars[`optimizer.${name}`] = value;
  }
  if (objective.needs.target === 'ema') scalars.targetRate = 1 - curriculum.targetEma;
  for (const ema of emas) {
    scalars[`emaRate.${ema.name}`] = 1 - emaDecay(ema, { imagesSeen: progress.imagesSeen, batchSize });
  }
  const masks = dropout > 0 ? drawDropout(request, network.dropoutSites(batchSize), dropout) : {};
  // A labelled dataset may train an unconditional network, which takes no labels.
  const labels = network.numClasses > 0 ? batch.labels : undefined;
  const inputs = packInputs({ images: batch.images, labels, draws, dropout: masks, scalars });
  return { inputs, draws, learningRate, curriculum };
}

/**
 * Throws unless a batch has the shape the network and the recipe expect.
 *
 * @throws {@link TypeError} naming the batch, what it has and what was expected
 * @throws {@link OnestepError} `bad-data-file` if a pixel is not a finite number
 */
export function checkBatch(
  batch: HostBatch,
  {
    batchNumber,
    batchSize,
    shape,
    numClasses,
  }: {
    readonly batchNumber: number;
    readonly batchSize: number;
    readonly shape: readonly number[];
    readonly numClasses: number;
  },
): void {
  checkShape(`batch ${batchNumber}: images`, batch.images.shape, [batchSize, ...shape]);
  if (numClasses > 0) {
    if (batch.labels === undefined) {
      throw new TypeError(`trainer: batch ${batchNumber}: the network is class-conditional, but labels are missing.`);
    }
    checkShape(`batch ${batchNumber}: labels`, batch.labels.shape, [batchSize, numClasses]);
  }
  if (!batch.images.data.every(Number.isFinite)) {
    throw new OnestepError('bad-data-file', `trainer: batch ${batchNumber} holds a value that is not a finite number.`);
  }
}

function checkShape(what: string, got: readonly number[], expected: readonly number[]): void {
  if (got.length !== expected.length || got.some((length, i) => length !== expected[i])) {
    throw new TypeError(`trainer: ${what} have shape [${got.join(', ')}], expected [${expected.join(', ')}].`);
  }
}
