import { requireOneOf } from '../internal/arguments';
import type { Distance } from './distance';
import { l1Distance } from './l1';
import { l2Distance } from './l2';
import { pseudoHuberDistance } from './pseudo-huber';

const distanceNames = ['l2', 'l1', 'pseudo-huber', 'pseudo-huber-element'] as const;

/** Distances that recipes and command lines name. */
export type DistanceName = (typeof distanceNames)[number];

/**
 * Finds a distance by name.
 *
 * @param name - `l2`, `l1`, `pseudo-huber` or `pseudo-huber-element`
 * @param options - `c` >= 0 of the pseudo-Huber distances, default 0; the others ignore it
 * @throws {@link RangeError} if the name is unknown (the message lists the known ones) or c < 0
 */
export function distanceFromName(name: string, { c = 0 }: { readonly c?: number } = {}): Distance {
  requireOneOf('distanceFromName', 'distance', name, distanceNames);
  switch (name) {
    case 'l2':
      return l2Distance;
    case 'l1':
      return l1Distance;
    case 'pseudo-huber':
      return pseudoHuberDistance(c);
    case 'pseudo-huber-element':
      return pseudoHuberDistance(c, { reduction: 'element' });
  }
}
