import { drawMixture, isTestMixture, testMixtures } from '@onestep/core';
import { batchIndices, makeHostBatch } from '@onestep/data';
import { openDataset } from '@onestep/data/node';
import { energyDistance, lenetDatasets, lenetDistance, slicedWasserstein, type LenetDataset } from '@onestep/metrics';
import { loadLenet } from '@onestep/metrics/node';
import { hostTensor, type HostTensor } from '@onestep/tensor';
import { openRun } from '@onestep/training/node';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../errors';
import { isDatasetSpec } from './batches';

/** Metrics that `--metric` names. */
export const metricNames = ['fd-lenet', 'sliced-wasserstein', 'energy'] as const;
/** One of {@link metricNames}. */
export type MetricName = (typeof metricNames)[number];

/** Samples against data. */
export interface SampleMetric {
  readonly name: MetricName;
  /** What the samples are compared with. */
  readonly reference: string;
  /** Lower is better. */
  readonly score: (samples: HostTensor) => Promise<number>;
}

/** Data to compare with. */
export interface ReferenceData {
  /** Name or path. */
  readonly spec: string;
  /** As the recipe had it: side that images are resized to. */
  readonly imageSize?: number | undefined;
}

/**
 * The data a model was trained on, where its file lies in a run and the run's recipe names data rather than pairs.
 *
 * @param modelFile - path of the weight file
 */
export async function trainingDataOf(modelFile: string): Promise<ReferenceData | undefined> {
  for (const folder of [dirname(modelFile), dirname(dirname(dirname(modelFile)))]) {
    if ((await stat(join(folder, 'recipe.json')).catch(() => undefined)) === undefined) continue;
    const { dataset, method } = (await openRun(folder)).recipe;
    // Methods that learn from pairs name their file here.
    const isData = isDatasetSpec(dataset.spec) || (method !== 'kd' && method !== 'reflow');
    return isData ? { spec: dataset.spec, imageSize: dataset.imageSize } : undefined;
  }
  return undefined;
}

/** True if FD-LeNet can see the images and knows the data. */
function suitsLenet(shape: readonly number[], spec: string): spec is LenetDataset {
  const [height, width, channels] = shape;
  const fits = shape.length === 3 && height === width && (height === 28 || height === 32) && channels === 1;
  return fits && (lenetDatasets as readonly string[]).includes(spec);
}

/**
 * Makes a metric of samples against data.
 *
 * @param shape - of one sample
 * @param options - `metric`: default FD-LeNet for digits and clothes, else the sliced Wasserstein distance; `data`; `count`
 * samples, and as many of the data where the metric compares sets; `seed` of the choice among the data
 * @throws UsageError if the metric does not suit model or data
 */
export async function makeSampleMetric(
  shape: readonly number[],
  {
    metric,
    data,
    count,
    seed,
  }: {
    readonly metric: MetricName | undefined;
    readonly data: ReferenceData;
    readonly count: number;
    readonly seed: number;
  },
): Promise<SampleMetric> {
  const { spec } = data;
  const isLenet = suitsLenet(shape, spec);
  if (metric === 'fd-lenet' && !isLenet) {
    throw new UsageError(
      `--metric: fd-lenet is for grey images of 28 x 28 or 32 x 32 against ${lenetDatasets.join(' or ')} (--dataset), ` +
        `got samples of [${shape.join(', ')}] against ${spec}. Choose sliced-wasserstein.`,
    );
  }
  if (isLenet && (metric === undefined || metric === 'fd-lenet')) {
    if (count < 2) throw new UsageError(`--count: fd-lenet needs at least 2 images, got ${count}.`);
    const model = await loadLenet(spec);
    return {
      name: 'fd-lenet',
      reference: model.reference.train.about.id,
      score: async (samples) => (await lenetDistance(model, samples)).value,
    };
  }
  const name = metric === 'energy' ? metric : 'sliced-wasserstein';
  const { id, points } = await referencePoints(shape, data, count, seed);
  return {
    name,
    reference: id,
    score: (samples) =>
      Promise.resolve(name === 'energy' ? energyDistance(samples, points) : slicedWasserstein(samples, points)),
  };
}

/** `count` items of the data, no item twice. */
async function referencePoints(
  shape: readonly number[],
  { spec, imageSize }: ReferenceData,
  count: number,
  seed: number,
): Promise<{ readonly id: string; readonly points: HostTensor }> {
  const check = (found: readonly number[]): void => {
    if (found.join() === shape.join()) return;
    throw new UsageError(
      `--dataset: ${spec} holds items of [${found.join(', ')}], the model makes [${shape.join(', ')}]. Choose the data it was trained on.`,
    );
  };
  if (isTestMixture(spec)) {
    const mixture = testMixtures[spec];
    check([mixture.means[0].length]);
    // Not the points of the training, whatever its seed.
    return {
      id: spec,
      points: hostTensor(drawMixture(mixture, { seed, count, purpose: 'tune.reference' }), [count, ...shape]),
    };
  }
  const dataset = await openDataset(spec, { imageSize, resolveFrom: fileURLToPath(new URL('..', import.meta.url)) });
  try {
    check(dataset.shape);
    if (count > dataset.length) {
      throw new UsageError(`--count: ${spec} has ${dataset.length} images to compare with, got ${count}.`);
    }
    const chosen = batchIndices({ length: dataset.length, batchSize: count, seed })(0);
    return { id: dataset.id, points: (await makeHostBatch(dataset, chosen)).images };
  } finally {
    dataset.close?.();
  }
}
