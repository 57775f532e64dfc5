import type { VectorSpace } from '@onestep/core';

/** What an edit knows of the image: some of its components in an orthonormal basis (pixels, greys, means of blocks). */
export interface Constraint<X> {
  /** The known components, and a plain filling for the others. */
  readonly known: X;
  /** `x` with its known components replaced: A^-1[(A known)(1 - mask) + (A x) mask]. The result is new. */
  readonly merge: (x: X) => X;
  /** Frees what the constraint holds, {@link known} too. */
  dispose(): void;
}

/** Options of {@link nearestInRange}. */
export interface NearestInRangeOptions<X> {
  readonly space: VectorSpace<X>;
  readonly merge: (x: X) => X;
  /** Range of an image, default [-1, 1]. */
  readonly range?: readonly [low: number, high: number] | undefined;
  /** Rounds, integer >= 0, default 200; what is left of the overshoot shrinks geometrically. */
  readonly rounds?: number | undefined;
}

/**
 * Moves `x` to the nearest image that lies in the range and has the known components: x <- x + merge(clip x) - clip x,
 * repeated, then merge(clip x).
 *
 * Replacing known components pushes other values out of [-1, 1]; clipping alone would then change the known ones. Each
 * image moves on its own.
 *
 * @returns a new vector; its known components are exact, and what still overshoots does so by little
 * @remarks Gradient ascent on the dual of the projection, with step 1.
 */
export function nearestInRange<X>(x: X, { space, merge, range = [-1, 1], rounds = 200 }: NearestInRangeOptions<X>): X {
  let shifted = x;
  for (let round = 0; round < rounds; round += 1) {
    const next = space.scope(() => {
      const clipped = space.clip(shifted, range[0], range[1]);
      const merged = merge(clipped);
      const moved = space.combine([1, shifted], [1, merged], [-1, clipped]);
      space.dispose(clipped);
      space.dispose(merged);
      return moved;
    });
    if (shifted !== x) space.dispose(shifted);
    shifted = next;
  }
  const clipped = space.clip(shifted, range[0], range[1]);
  if (shifted !== x) space.dispose(shifted);
  try {
    return merge(clipped);
  } finally {
    space.dispose(clipped);
  }
}
