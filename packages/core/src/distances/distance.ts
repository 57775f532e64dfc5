import type { Tensor, Tensor1D } from '@onestep/tensor';

/**
 * A distance between two batches of images, one number per image: `[B, ...] x [B, ...] -> [B]`.
 * Differentiable in both arguments; a feature-space distance (LPIPS) implements the same signature.
 */
export interface Distance {
  readonly name: string;
  (a: Tensor, b: Tensor): Tensor1D;
}
