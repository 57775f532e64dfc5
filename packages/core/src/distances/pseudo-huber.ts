import { tf, type Tensor } from '@onestep/tensor';
import { requireAtLeast, requireInteger, requireOneOf } from '../internal/arguments';
import { difference, flattened } from './difference';
import { namedDistance, type Distance } from './distance';

const reductions = ['norm', 'element'] as const;

/** Options of {@link pseudoHuberDistance}. */
export interface PseudoHuberOptions {
  /** `norm` (default): of the whole image, as the papers define it; `element`: mean over elements, as some code has it. */
  readonly reduction?: (typeof reductions)[number];
}

/** Below the square of any float32 distance that matters, above the smallest normal number. */
const keepsRootDifferentiable = 1e-30;

/**
 * Pseudo-Huber distance, sqrt(|a - b|^2 + c^2) - c: like L2 near 0, like the norm far away.
 *
 * @param c - where the two regimes meet, >= 0; iCT: {@link ictHuberConstant}; ECT: 0 (the plain norm) or 0.06
 * @param options - `reduction`
 * @returns the distance, `[B, ...] x [B, ...] -> [B]`, named `pseudo-huber` or `pseudo-huber-element`
 * @throws {@link RangeError} if c < 0; from the distance itself if the shapes differ
 * @remarks Computed as s / (sqrt(s + c^2) + c), s = |a - b|^2, which does not cancel in float32 when |a - b| is far below c.
 *   At a = b value and gradient are 0, also for c = 0: 1e-30 is added under the root. An element-wise distance wants a c
 *   of its own; with the c of the whole image it is close to L2.
 * @see Song & Dhariwal 2023, section 3.3; Geng et al. 2024
 */
export function pseudoHuberDistance(c: number, { reduction = 'norm' }: PseudoHuberOptions = {}): Distance {
  requireAtLeast('pseudoHuberDistance', 'c', c, 0);
  requireOneOf('pseudoHuberDistance', 'reduction', reduction, reductions);
  const huber = <T extends Tensor>(squared: T): T =>
    tf.div(squared, tf.add(tf.sqrt(tf.add(squared, c ** 2 + keepsRootDifferentiable)), c));
  const squares = (a: Tensor, b: Tensor) => tf.square(flattened(difference('pseudoHuberDistance', a, b)));
  return reduction === 'norm'
    ? namedDistance('pseudo-huber', (a, b) => huber(tf.sum(squares(a, b), 1)))
    : namedDistance('pseudo-huber-element', (a, b) => tf.mean(huber(squares(a, b)), 1));
}

/**
 * The pseudo-Huber constant of improved consistency training, c = 0.00054 sqrt(d).
 *
 * @param dimensions - number of elements d of an image (H W C), integer >= 1
 * @returns c; 0.02993 for CIFAR-10, 0.05986 for 64 x 64 x 3
 * @throws {@link RangeError} if `dimensions` is not such an integer
 * @see Song & Dhariwal 2023, section 3.3
 */
export function ictHuberConstant(dimensions: number): number {
  requireInteger('ictHuberConstant', 'dimensions', dimensions, 1);
  return 0.00054 * Math.sqrt(dimensions);
}
