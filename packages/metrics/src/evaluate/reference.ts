import type { GaussianMoments } from '../frechet/gaussian-moments';
import type { MomentStatistics } from '../statistics/moment-statistics';
import type { FeatureSet } from './feature-set';

/** Moments of real images in one output of the network. */
export interface ReferenceMoments {
  readonly moments: MomentStatistics | GaussianMoments;
  /** Images that they are of; undefined for files that do not say. */
  readonly samples?: number | undefined;
}

/** Real images as metrics see them. */
export interface EvaluationReference {
  /** Identity, for example `mnist/train/c5097fdd`. */
  readonly id: string;
  /** Moments by output, where they were stored. */
  readonly moments?: Readonly<Record<string, ReferenceMoments>> | undefined;
  /** Features made for this evaluation. */
  readonly features?: FeatureSet | undefined;
  /** Moments of other real images by output, to tell the score that a perfect generator is expected to reach. */
  readonly floor?: { readonly id: string; readonly moments: Readonly<Record<string, MomentStatistics>> } | undefined;
  /** What a reader must know about them. */
  readonly flags?: readonly string[] | undefined;
}

/** Moments of an output, stored or made. */
export function referenceMoments(
  { moments, features }: EvaluationReference,
  output: string,
): ReferenceMoments | undefined {
  const stored = moments !== undefined && Object.hasOwn(moments, output) ? moments[output] : undefined;
  if (stored !== undefined) return stored;
  const made = features?.momentsOf(output);
  return made === undefined ? undefined : { moments: made, samples: made.count };
}
