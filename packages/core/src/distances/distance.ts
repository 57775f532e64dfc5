import { tf, type Tensor, type Tensor1D } from '@onestep/tensor';

/**
 * A distance between two batches of images, one number per image: `[B, ...] x [B, ...] -> [B]`.
 * Differentiable in both arguments; a feature-space distance (LPIPS) implements the same signature.
 */
export interface Distance {
  readonly name: string;
  (a: Tensor, b: Tensor): Tensor1D;
}

/** Makes a {@link Distance} of a function; what the function allocates beside its result is freed. */
export function namedDistance(name: string, distance: (a: Tensor, b: Tensor) => Tensor): Distance {
  const tidied = (a: Tensor, b: Tensor): Tensor1D => tf.tidy(() => distance(a, b) as Tensor1D);
  return Object.defineProperty(tidied, 'name', { value: name });
}
