import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compile } from '@onestep/compile';
import { encodeMoments, lenetStatistics, type LenetFile } from '@onestep/metrics';
import { readSafetensors } from '@onestep/tensor';
import { imagesOf, type LabelledBytes } from './bytes';
import type { LenetDataset } from './recipe';

/** Name of the weight file. */
export const weightFile = (dataset: LenetDataset): string => `lenet-${dataset}.safetensors`;

/**
 * Writes the statistics of both splits beside the weights.
 *
 * @returns the entry of the dataset in the package's `lenet-records.ts`
 */
export async function writeStatistics(
  folder: string,
  dataset: LenetDataset,
  splits: Readonly<Record<'train' | 'test', LabelledBytes>>,
  threads: number,
) {
  const bytes = await readFile(join(folder, weightFile(dataset)));
  const { tensors, metadata } = readSafetensors(bytes);
  const weights: LenetFile = { file: weightFile(dataset), sha256: sha256(bytes) };
  const write = async (split: 'train' | 'test'): Promise<LenetFile> => {
    const statistics = await lenetStatistics({ weights: tensors }, imagesOf(splits[split], 500), {
      batchSize: 500,
      compile: (features, example, options) => compile(features, example, { ...options, executor: { threads } }),
    });
    const file = `lenet-${dataset}-${split}.moments.safetensors`;
    const encoded = encodeMoments(statistics, { id: splits[split].id, weights: weights.sha256 });
    await writeFile(join(folder, file), encoded);
    return { file, sha256: sha256(encoded) };
  };
  return {
    trainedOn: metadata.dataset,
    testAccuracy: Number(metadata.accuracy),
    weights,
    statistics: { train: await write('train'), test: await write('test') },
  };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
