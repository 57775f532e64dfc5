import type { HostBatch } from '../dataset';

/** How pairs were made: what makes them comparable, and what a student must be told. */
export interface PairsOrigin {
  /** Hex SHA-256 of the teacher's weight file. */
  readonly teacher: string;
  /** Name of the sampler, its number of steps (integer >= 1) and the level it started from, > 0. */
  readonly sampler: string;
  readonly steps: number;
  readonly sigmaMax: number;
  /** Of the noise, integer in [0, 2^53). */
  readonly seed: number;
  /** Classifier-free guidance of the teacher, >= 0; undefined is none, 1. */
  readonly guidanceScale?: number | undefined;
}

/** Size and origin of a file of pairs. */
export interface PairsDescription extends PairsOrigin {
  /** Number of pairs, at least 1. */
  readonly length: number;
  /** Of one image: `[H, W, C]`, or `[d]`. */
  readonly shape: readonly number[];
  /** 0 when the pairs carry no labels. */
  readonly numClasses: number;
}

/** Pairs of unit-normal noise and the image a teacher made from it, addressed by index. */
export interface Pairs extends PairsDescription {
  /** Stable identity for receipts and resume, with a hash of noise, images and labels. */
  readonly id: string;
  /** Reads pairs into host memory, noise, image and label of an index always together. */
  read(indices: ArrayLike<number>): Promise<PairsBatch>;
  /** Frees the open file; reading afterwards fails. */
  close(): Promise<void>;
}

/** One batch of pairs in host memory. */
export interface PairsBatch extends HostBatch {
  /** Unit-normal noise of the shape of `images`: the teacher started from sigmaMax times this. */
  readonly pairNoise: NonNullable<HostBatch['pairNoise']>;
}
