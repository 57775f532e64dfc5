import { tf, type Tensor1D } from '@onestep/tensor';
import { requireOneOf } from '../internal/arguments';

const conventions = ['edm', 'openai'] as const;

/**
 * How the noise level enters the network: `edm` is ln(sigma) / 4, `openai` is 250 ln(sigma + 1e-44), a thousand times as
 * much. It belongs to the weights: a network trained with one does not work with the other.
 */
export type NoiseEmbedding = (typeof conventions)[number];

/** Both forms of c_noise for a convention that was checked. */
export interface NoiseEmbeddingFunctions {
  at(sigma: number): number;
  tensors(sigma: Tensor1D): Tensor1D;
}

/** Looks a convention up; throws {@link RangeError} on an unknown one. */
export function noiseEmbedding(where: string, convention: NoiseEmbedding): NoiseEmbeddingFunctions {
  requireOneOf(where, 'cNoise', convention, conventions);
  return convention === 'edm'
    ? { at: (sigma) => Math.log(sigma) / 4, tensors: (sigma) => tf.mul(tf.log(sigma), 0.25) }
    : {
        at: (sigma) => 250 * Math.log(sigma + 1e-44),
        tensors: (sigma) => tf.mul(tf.log(tf.add(sigma, 1e-44)), 250),
      };
}
