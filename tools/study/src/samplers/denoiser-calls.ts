import { compile, type ExecutorChoice } from '@onestep/compile';
import { preconditioned } from '@onestep/core';
import { oneHotLabels, type Model } from '@onestep/sampling';
import { disposeParams, paramsFromHost, tf, toTensor, type Params, type Rank, type Tensor } from '@onestep/tensor';
import type { TrainedModel } from '../rows/trained-model';

/** A compiled denoiser for batches of one size. */
export interface DenoiserCalls {
  /**
   * The model that samplers evaluate, for a batch of images; image i has class i mod numClasses.
   *
   * @param first - number of the batch's first image
   */
  batch(first: number): { readonly model: Model<Tensor>; readonly dispose: () => void };
  dispose(): Promise<void>;
}

/** Compiles a denoiser, with classes or without, once for all samplers. */
export async function denoiserCalls(
  { network, preconditioning, params }: TrainedModel,
  { batchSize, executor }: { readonly batchSize: number; readonly executor: ExecutorChoice },
): Promise<DenoiserCalls> {
  const { shape, numClasses } = network;
  const weights = paramsFromHost(params);
  const labelsFrom = (first: number): Tensor<Rank.R2>[] => {
    const classes = Array.from({ length: batchSize }, (_, i) => (first + i) % numClasses);
    return numClasses === 0 ? [] : [toTensor(oneHotLabels(classes, numClasses)) as Tensor<Rank.R2>];
  };
  const examples = [tf.zeros([batchSize, ...shape]), tf.ones<Rank.R1>([batchSize]), ...labelsFrom(0)] as const;
  const denoise = await compile(
    (w: Params, x: Tensor, sigma: Tensor<Rank.R1>, ...labels: Tensor<Rank.R2>[]) =>
      preconditioned(network, preconditioning)(w)(x, sigma, { labels: labels.at(0) }),
    [weights, ...examples] as const,
    { executor },
  );
  tf.dispose([...examples]);
  return {
    batch(first) {
      const labels = labelsFrom(first);
      return {
        async model(x, sigma) {
          // Kept from the scope of the sampler that calls: the graph reads it after that scope has closed.
          const levels = tf.keep(tf.fill<Rank.R1>([batchSize], sigma));
          const result = await denoise(weights, x, levels, ...labels);
          levels.dispose();
          return result;
        },
        dispose: () => tf.dispose(labels),
      };
    },
    async dispose() {
      disposeParams(weights);
      await denoise.dispose();
    },
  };
}
