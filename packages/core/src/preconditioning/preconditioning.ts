import type { Tensor1D } from '@onestep/tensor';

/** The four functions of sigma that wrap a raw network: D = cSkip x + cOut F(cIn x, cNoise). */
export interface Coefficients<T> {
  readonly cSkip: T;
  readonly cOut: T;
  readonly cIn: T;
  readonly cNoise: T;
  /** Second time input, for networks that jump: the level aimed at. */
  readonly cNoise2?: T | undefined;
}

/** Names of the preconditionings, as stored in model files. */
export type PreconditioningName =
  'edm' | 'consistency' | 'vp' | 've' | 'iddpm' | 'trigflow' | 'rectified-flow' | 'ctm' | 'meanflow';

/** A preconditioning; the same formulas twice, in doubles for the host and on tensors for a step. */
export interface Preconditioning {
  readonly name: PreconditioningName;
  /** Everything needed to rebuild it: stored in model files. */
  readonly config: Readonly<Record<string, number | string>>;
  /** Smallest and largest sigma it is meant for. */
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** Coefficients in double precision. */
  readonly at: (sigma: number) => Coefficients<number>;
  /** Coefficients for a batch, `sigma [B]`, float32, differentiable. */
  readonly tensors: (sigma: Tensor1D) => Coefficients<Tensor1D>;
  /**
   * Coefficients of the jump G(x, sigma, s) = cSkip x + cOut F(cIn x, cNoise, cNoise2), for models that jump from any
   * noise level to any smaller one; G(x, sigma, sigma) = x exactly.
   */
  readonly jump?: JumpCoefficients | undefined;
}

/** {@link Preconditioning.at} and {@link Preconditioning.tensors} of a jump; s in [0, sigma]. */
export interface JumpCoefficients {
  readonly at: (sigma: number, s: number) => Required<Coefficients<number>>;
  readonly tensors: (sigma: Tensor1D, s: Tensor1D) => Required<Coefficients<Tensor1D>>;
}
