import type { Tensor, Tensor1D } from '@onestep/tensor';
import type { Condition, Denoiser } from '../denoiser';
import type { ScalarDenoiser } from '../ode/pf-ode';
import type { VectorSpace } from '../vector-space';

/** One step of the probability-flow ODE, with what there is to know about it. Not a sampler: it has no grid. */
export interface Solver {
  readonly name: 'euler' | 'heun';
  /** Global order of convergence. */
  readonly order: number;
  /** Denoiser calls per step; a step of Heun's method to sigma 0 takes one less. */
  readonly nfe: number;
  /**
   * From sigma to sigmaNext, the whole batch at one level.
   *
   * @returns a new vector; the caller disposes it
   */
  readonly step: <X>(space: VectorSpace<X>, denoise: ScalarDenoiser<X>, x: X, sigma: number, sigmaNext: number) => X;
  /** From sigma to sigmaNext, `[B]` each: every image at levels of its own, as distillation draws them. */
  readonly stepPerImage: (
    denoiser: Denoiser,
    x: Tensor,
    sigma: Tensor1D,
    sigmaNext: Tensor1D,
    condition?: Condition,
  ) => Tensor;
}
