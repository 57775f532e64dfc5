import type { Comparison } from './compare';

/** One thing to check. */
export interface GoldenCase {
  /** Where in the folder it stands, for example `samplers/gmm2d.json#3 heun (float64)`. */
  readonly name: string;
  /** Computes it with the packages and compares. Throwing counts as a failure. */
  run(): Comparison | Promise<Comparison>;
}

/** A case whose feature the packages do not have. */
export interface SkippedCase {
  readonly name: string;
  /** The missing feature, for example `sampler dpm_2`. */
  readonly needs: string;
}

/** Something in the folder that the runner cannot read: the format has moved on, or the file is damaged. */
export interface UnknownCase {
  readonly name: string;
  readonly problem: string;
}

/** What a family makes of a file. */
export type AnyCase = GoldenCase | SkippedCase | UnknownCase;
