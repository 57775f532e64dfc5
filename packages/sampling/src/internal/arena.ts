import type { VectorSpace } from '@onestep/core';

/**
 * Remembers the vectors made through it, so that a step across `await` can be cleaned up (a tensor scope cannot
 * span one).
 */
export interface Arena<X> {
  /** The same space, every result remembered. */
  readonly space: VectorSpace<X>;
  /** Remembers a vector made elsewhere and returns it. */
  own(x: X): X;
  /** Takes a vector out of the arena's care; it outlives {@link free}. */
  keep(x: X): X;
  /** Frees everything remembered. */
  free(): void;
}

/** Opens an arena over a vector space. */
export function openArena<X>(space: VectorSpace<X>): Arena<X> {
  const owned = new Set<X>();
  const own = (x: X): X => {
    owned.add(x);
    return x;
  };
  return {
    own,
    space: {
      ...space,
      combine: (...terms) => own(space.combine(...terms)),
      clip: (x, low, high) => own(space.clip(x, low, high)),
    },
    keep(x) {
      owned.delete(x);
      return x;
    },
    free() {
      for (const x of owned) space.dispose(x);
      owned.clear();
    },
  };
}
