import { compile, type ExecutorChoice } from '@onestep/compile';
import { preconditioned, preconditionedJump } from '@onestep/core';
import { paramsFromHost, disposeParams, tf, type Params, type Rank, type Tensor, type Tensor1D } from '@onestep/tensor';
import type { TrainedModel } from './trained-model';

/** A model of given weights as calls on batches of one size. Results are the caller's to dispose. */
export interface ModelCalls {
  /** D(x, sigma) or f(x, sigma). */
  denoise(x: Tensor, sigma: number): Promise<Tensor>;
  /** G(x, sigma, s), of models that jump. */
  jump(x: Tensor, sigma: number, s: number): Promise<Tensor>;
  dispose(): Promise<void>;
}

/**
 * Compiles a model once, with its weights as inputs.
 *
 * @param batchSize - of every call
 */
export async function modelCalls(
  { network, preconditioning, params }: TrainedModel,
  { batchSize, executor }: { readonly batchSize: number; readonly executor: ExecutorChoice },
): Promise<ModelCalls> {
  const weights = paramsFromHost(params);
  const x = tf.zeros([batchSize, ...network.shape]);
  const sigma = tf.ones<Rank.R1>([batchSize]);
  const denoise = await compile(
    (w: Params, input: Tensor, level: Tensor1D) => preconditioned(network, preconditioning)(w)(input, level),
    [weights, x, sigma] as const,
    { executor },
  );
  const jumps = preconditioning.jump !== undefined;
  const jump = jumps
    ? await compile(
        (w: Params, input: Tensor, from: Tensor1D, to: Tensor1D) =>
          preconditionedJump(network, preconditioning)(w)(input, from, to),
        [weights, x, sigma, sigma] as const,
        { executor },
      )
    : undefined;
  tf.dispose([x, sigma]);
  // Kept from the scope of the sampler that calls: the graph reads it after that scope has closed.
  const level = (value: number): Tensor1D => tf.keep(tf.fill([batchSize], value));
  return {
    async denoise(input, from) {
      const levels = level(from);
      const result = await denoise(weights, input, levels);
      levels.dispose();
      return result;
    },
    async jump(input, from, to) {
      if (jump === undefined) throw new TypeError(`"${network.name}" under "${preconditioning.name}" has no jumps.`);
      const levels = [level(from), level(to)] as const;
      const result = await jump(weights, input, ...levels);
      tf.dispose([...levels]);
      return result;
    },
    async dispose() {
      disposeParams(weights);
      await denoise.dispose();
      await jump?.dispose();
    },
  };
}
