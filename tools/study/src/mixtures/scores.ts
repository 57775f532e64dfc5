import { energyDistance, rmse, slicedWasserstein, type PointSet } from '@onestep/metrics';

/** How far samples are from where they should be. */
export interface Scores {
  /** Root mean square error against the exact ends of the trajectories; absent where noise was added on the way. */
  readonly rmse?: number | undefined;
  readonly slicedWasserstein: number;
  readonly energy: number;
}

/** What samples are compared with. */
export interface Reference {
  /** Ends of the exact trajectories from the study's noise. */
  readonly ends: PointSet;
  /** As many fresh draws from the mixture. */
  readonly data: PointSet;
  readonly seed: number;
}

/** Scores samples `[N, d]`; `deterministic` says that they follow the noise alone. */
export function score(samples: PointSet, deterministic: boolean, { ends, data, seed }: Reference): Scores {
  return {
    ...(deterministic ? { rmse: rmse(samples, ends) } : {}),
    slicedWasserstein: slicedWasserstein(samples, data, { projections: 128, seed }),
    energy: energyDistance(samples, data),
  };
}
