import type { Recipe } from '../../recipes/schema';

/** What a run is watched for, and what follows. */
export interface WatchSettings {
  /**
   * What follows a step whose loss or gradient is not finite: the run stops; the step's update is discarded inside the
   * step; or the state goes back to the last snapshot. In the latter two the counters go on, so that other data come next.
   */
  readonly policy: 'stop' | 'skip' | 'rollback';
  /** Whether the policy also acts on outliers, or these are only reported. */
  readonly outliersAct: boolean;
  /** A loss above this many times the running median is an outlier, > 1; null: none is. */
  readonly lossFactor: number | null;
  /** The same for the norm of the gradients. */
  readonly gradFactor: number | null;
  /** Steps the medians run over. */
  readonly window: number;
  /** How often the policy acts before the run stops after all. */
  readonly maxEvents: number;
  /** Samples whose spread is below this share of the data's have collapsed. */
  readonly samplesFraction: number;
  /**
   * Share of the run's steps after which samples are judged, [0, 1]; never before `window` steps. A model that has just begun
   * does make one image of every noise.
   */
  readonly samplesFrom: number;
}

/** The settings of a recipe; outliers are acted on by default where the policy is not to stop. */
export function watchSettings({ watch: { outliers, ...rest } }: Pick<Recipe, 'watch'>): WatchSettings {
  return { ...rest, outliersAct: (outliers ?? (rest.policy === 'stop' ? 'report' : 'act')) === 'act' };
}
