import { hostTensor, OnestepError } from '@onestep/tensor';
import type { Recipe, SampleRequest } from '@onestep/training';
import type { Output } from '../output/output';
import { isDatasetSpec } from './batches';
import type { Engine } from './engine';
import { draw, liveModel } from './model';
import { samplingPlan } from './sampling-plan';
import { makeSampleMetric, metricNames, type MetricName, type SampleMetric } from './tune-metric';

/** Scores the weights of a running training. */
export interface TrainingEvaluator {
  readonly metric: SampleMetric;
  readonly evaluate: (request: SampleRequest) => Promise<number>;
}

/** Images drawn at a time; does not change them. */
const batchSize = 250;

/**
 * What a recipe's `evaluation` asks for, checked before the run begins.
 *
 * @param shape - of one sample
 * @returns undefined for a recipe without evaluation
 * @throws OnestepError `invalid-recipe` if metric or weights are unknown or nothing is there to compare with
 */
export async function trainingEvaluator(
  recipe: Recipe,
  shape: readonly number[],
  engine: Engine | undefined,
): Promise<TrainingEvaluator | undefined> {
  const { evaluation, dataset, ema } = recipe;
  if (evaluation === undefined) return undefined;
  const { count, steps, seed } = evaluation;
  const names = ema.map(({ name }) => name);
  const weights = evaluation.weights ?? names[0] ?? 'student';
  if (weights !== 'student' && !names.includes(weights)) {
    throw refused(`evaluation.weights is "${weights}", the recipe has ${['student', ...names].join(', ')}.`);
  }
  const known: readonly string[] = metricNames;
  if (evaluation.metric !== undefined && !known.includes(evaluation.metric)) {
    throw refused(`evaluation.metric is "${evaluation.metric}", known are ${known.join(', ')}.`);
  }
  const { method } = recipe;
  if ((method === 'kd' || method === 'reflow') && !isDatasetSpec(dataset.spec)) {
    throw refused(`evaluation: method "${method}" learns from pairs, which are nothing to compare with. Leave it out.`);
  }
  const metric = await makeSampleMetric(shape, {
    metric: evaluation.metric as MetricName | undefined,
    data: { spec: dataset.spec, imageSize: dataset.imageSize },
    count,
    seed,
  });
  return {
    metric,
    async evaluate({ params, model: description }) {
      const wish = { steps: description.sampling === undefined ? steps : undefined };
      const model = liveModel(description, params[weights], {
        compile: engine?.compile ?? false,
        calls: count * samplingPlan(description, wish).nfe,
      });
      try {
        const { images } = await draw(model, { count, seed, batchSize, ...wish });
        return await metric.score(hostTensor(images, [count, ...description.shape]));
      } catch (error) {
        // Samples that are not numbers have no score; the watch of the training judges the weights.
        if (error instanceof OnestepError && error.code === 'non-finite') return Number.NaN;
        throw error;
      } finally {
        model.dispose();
      }
    },
  };
}

/** Says an evaluation as it is made. */
export function reportEvaluation(
  output: Output,
  phase: string,
  metric: string,
  { step, value, best }: { readonly step: number; readonly value: number; readonly best?: { readonly step: number; readonly value: number } | undefined }, // prettier-ignore
): void {
  const standing =
    best === undefined
      ? ''
      : best.step === step
        ? ', the best so far'
        : `; best ${best.value.toPrecision(4)} at step ${best.step}`;
  const shown = Number.isFinite(value) ? value.toPrecision(4) : 'none: samples are not finite numbers';
  output.line(`${phase}: step ${step}, ${metric} ${shown}${standing}`);
  output.event('evaluation', { phase, metric, step, value, best });
}

function refused(message: string): OnestepError {
  return new OnestepError('invalid-recipe', message);
}
