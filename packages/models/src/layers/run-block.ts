import type { ApplyOptions } from '@onestep/core';
import { recomputed, tf, type Params, type Tensor } from '@onestep/tensor';
import type { NoiseEmbedding } from './noise-embedding';

/** Where a block runs: parameters of the whole network, of which it sees those named `NAME.*`, and how. */
export interface BlockRun {
  readonly params: Params;
  /** Prefix of the block's parameters. */
  readonly name: string;
  /** `recompute`: only what enters the block and its result are kept for the backward pass. */
  readonly options: ApplyOptions;
}

/**
 * Runs a block in a scope of its own.
 *
 * @param block - pure function of its parameters and inputs; whatever else it uses is a constant to gradients
 * @param inputs - every tensor that a gradient has to pass
 */
export function runBlock(
  block: (params: Params, inputs: readonly Tensor[]) => Tensor,
  { params, name, options, inputs }: BlockRun & { readonly inputs: readonly Tensor[] },
): Tensor {
  if (options.recompute !== true) return tf.tidy(() => block(params, inputs));
  const own = Object.entries(params).filter(([key]) => key.startsWith(`${name}.`));
  return recomputed(block, Object.fromEntries(own), inputs);
}

/**
 * {@link runBlock} for a block that also sees the noise embedding.
 *
 * @param run - `join` makes one tensor of several inputs; default: the channels of one behind those of the other
 */
export function runConditionedBlock(
  block: (params: Params, x: Tensor, embedding: NoiseEmbedding) => Tensor,
  run: BlockRun & {
    readonly inputs: readonly Tensor[];
    readonly embedding: NoiseEmbedding;
    readonly join?: ((parts: readonly Tensor[]) => Tensor) | undefined;
  },
): Tensor {
  const { join = joinChannels } = run;
  const { first, second } = run.embedding;
  const times = second === undefined ? [first] : [first, second];
  return runBlock(
    (own, given) => {
      const parts = given.slice(times.length);
      const x = parts.length > 1 ? join(parts) : parts[0];
      return block(own, x, { first: given[0], second: second && given[1] });
    },
    { ...run, inputs: [...times, ...run.inputs] },
  );
}

function joinChannels(parts: readonly Tensor[]): Tensor {
  return tf.concat([...parts], parts[0].rank - 1);
}
