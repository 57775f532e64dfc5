import type { Network } from '@onestep/core';
import { hostTensor, randomStream, type HostTensor } from '@onestep/tensor';
import { emaDecay, type EmaSpec } from '../ema/ema';
import { adversaryTurn } from '../internal/adversary-turn';
import { drawDropout } from '../objectives/image-draws';
import type { Objective, Progress } from '../objectives/objective';
import type { Optimizer } from '../optimizers/optimizer';
import { adversaryGroup } from '../step/adversary';
import { packInputs } from '../step/step-inputs';
import type { HostBatch } from './host-batch';
import { learningRateAt, type LearningRateSchedule } from './learning-rate';
import { stageOf } from './stages';
import type { StepLimits } from './watch/judge-step';

/** What the inputs of a step are made from. */
export interface StepSource {
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  readonly emas: readonly EmaSpec[];
  readonly network: Pick<Network, 'dropoutSites' | 'shape' | 'numClasses' | 'augmentChannels'>;
  readonly batchSize: number;
  readonly seed: number;
  readonly dropout: number;
  /** Share of images that lose their label. */
  readonly labelDropout?: number | undefined;
  /** Guidance scale of the teacher; undefined: it is not guided. */
  readonly guidance?: number | undefined;
  readonly schedule: LearningRateSchedule;
}

/** Where and with what a step begins. */
export interface StepStart extends Progress {
  readonly batch: HostBatch;
  /** Optimizer updates of the stage so far; default: its steps. */
  readonly updates?: number | undefined;
  /** Limits that the step enforces; default none. */
  readonly limits?: StepLimits | undefined;
}

/**
 * Draws and scalars of one step, as a pure function of progress and batch.
 *
 * @returns `inputs` for the runner, and for reports the `draws`, the `learningRate` and the numbers of the `curriculum`
 */
export function stepInputs(source: StepSource, start: StepStart) {
  const { objective, optimizer, emas, network, batchSize, seed, dropout, labelDropout = 0, guidance } = source;
  const { step, totalSteps, imagesSeen, batch, limits } = start;
  const progress: Progress = { step, totalSteps, imagesSeen };
  const request = { ...progress, seed, batchSize, shape: network.shape };
  const curriculum = objective.curriculum(progress);
  const draws = objective.draws(request);
  const stage = stageOf(objective, progress);
  const learningRate = learningRateAt(stage, source.schedule);
  const scalars: Record<string, number> = {};
  const updates = start.updates ?? stage.step;
  const { adversary } = objective;
  const turn = adversary && adversaryTurn(updates, adversary.startStep);
  for (const [name, value] of Object.entries(optimizer.scalars(turn?.updates.student ?? updates, learningRate))) {
    scalars[`optimizer.${name}`] = value;
  }
  if (adversary !== undefined && turn !== undefined) {
    scalars['adversary.learns'] = turn.learns ? 1 : 0;
    scalars['adversary.teaches'] = turn.teaches ? 1 : 0;
    const own = adversary.optimizer.scalars(turn.updates.adversary, adversary.learningRate);
    for (const [name, value] of Object.entries(own)) scalars[adversaryGroup(name)] = value;
  }
  if (objective.needs.target === 'ema') scalars.targetRate = 1 - curriculum.targetEma;
  for (const ema of emas) scalars[`emaRate.${ema.name}`] = 1 - emaDecay(ema, { imagesSeen, batchSize });
  // A teacher that was a student has learned the guidance of its own.
  if (guidance !== undefined) scalars.guidance = stage.index === 0 ? guidance : 1;
  if (limits !== undefined) {
    scalars.lossLimit = limits.loss;
    scalars.gradLimit = limits.grad;
  }
  const masks = dropout > 0 ? drawDropout(request, network.dropoutSites(batchSize), dropout) : {};
  // A labelled dataset may train an unconditional network, which takes no labels.
  const labels = network.numClasses > 0 ? batch.labels : undefined;
  const inputs = packInputs({
    images: batch.images,
    labels: labels && dropLabels(labels, request, labelDropout),
    augment: batch.augment,
    pairNoise: objective.needs.pairs === true ? batch.pairNoise : undefined,
    draws,
    dropout: masks,
    scalars,
  });
  return { inputs, draws, learningRate, curriculum };
}

/**
 * Labels `[B, numClasses]` with the rows of dropped images set to zero, the unconditional label; image k of the run goes by
 * stream k of the purpose `train.label-dropout`.
 *
 * @param rate - probability of losing the label, [0, 1]
 */
export function dropLabels(
  labels: HostTensor,
  { seed, imagesSeen }: { readonly seed: number; readonly imagesSeen: number },
  rate: number,
): HostTensor {
  if (rate === 0) return labels;
  const [batchSize, numClasses] = labels.shape;
  const data = Float32Array.from(labels.data);
  for (let i = 0; i < batchSize; i += 1) {
    const dropped = randomStream(seed, 'train.label-dropout', imagesSeen + i).uniform(1)[0] < rate;
    if (dropped) data.fill(0, i * numClasses, (i + 1) * numClasses);
  }
  return hostTensor(data, labels.shape);
}
