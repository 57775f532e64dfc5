import type { GaussianMoments } from '../frechet/gaussian-moments';
import { exactGrid, maxSamples, normaliseParts, type ExactGrid } from './exact-sum';
import { addOuterProducts, blockSamples } from './outer-products';
import { scatterMoments } from './scatter-moments';

/** Options of {@link MomentStatistics}. */
export interface MomentOptions {
  /** All features are below this in size, a power of two; default 256. */
  readonly range?: number | undefined;
  /**
   * Features are rounded to multiples of range 2^-bits; integer in [16, 32], default 32. With 24 the sums of typical
   * network features need a third of the operations: 2^-16 is the step at range 256, far below what such a network
   * computes exactly.
   */
  readonly bits?: number | undefined;
}

/** The sums that statistics consist of; each is exact. */
export interface MomentSums {
  readonly count: number;
  readonly dimension: number;
  readonly range: number;
  /** Default 32. */
  readonly bits?: number | undefined;
  /** Sum of the features, `[d]`. */
  readonly sum: Float64Array;
  /** High parts of the sums of f_i f_j, i <= j row by row, `[d (d + 1) / 2]`. */
  readonly outerHigh: Float64Array;
  /** Low parts. */
  readonly outerLow: Float64Array;
}

/**
 * First and second moments of a stream of feature vectors: count, sum and sum of outer products.
 *
 * All sums are exact (features are float32, rounded once to a grid over their range), so the same images give
 * the same bits however they were batched, ordered, sharded and merged.
 *
 * @remarks Holds d (d + 1) + d doubles, 33 MB for d = 2048, whatever the number of samples. At most 2^21 samples.
 */
export class MomentStatistics {
  readonly dimension: number;
  readonly #grid: ExactGrid;
  readonly #sum: Float64Array;
  readonly #outerHigh: Float64Array;
  readonly #outerLow: Float64Array;
  #count = 0;

  /**
   * Starts empty.
   *
   * @param dimension - width of the features, integer >= 1
   * @throws {@link RangeError} if an argument is out of range
   */
  constructor(dimension: number, { range = 256, bits = 32 }: MomentOptions = {}) {
    if (!Number.isInteger(dimension) || dimension < 1 || dimension > 8192) {
      throw new RangeError(`MomentStatistics: dimension must be an integer in [1, 8192], got ${dimension}.`);
    }
    this.dimension = dimension;
    this.#grid = exactGrid(range, bits);
    this.#sum = new Float64Array(dimension);
    this.#outerHigh = new Float64Array((dimension * (dimension + 1)) / 2);
    this.#outerLow = new Float64Array(this.#outerHigh.length);
  }

  /** Samples so far. */
  get count(): number {
    return this.#count;
  }

  /** Bound on the size of the features. */
  get range(): number {
    return this.#grid.range;
  }

  /** Bits of the grid that features are rounded to. */
  get bits(): number {
    return this.#grid.bits;
  }

  /**
   * Adds feature vectors.
   *
   * @param features - `[N, d]` row by row; rounded to float32 and to the grid
   * @returns this
   * @throws {@link RangeError} if a feature is not finite or not below the range, naming the sample; then nothing is added
   */
  add(features: ArrayLike<number>): this {
    const { dimension } = this;
    const samples = features.length / dimension;
    if (!Number.isInteger(samples)) {
      throw new RangeError(
        `MomentStatistics.add: got ${features.length} values, expected a multiple of the dimension ${dimension}.`,
      );
    }
    this.#makeRoom(samples);
    this.#check(features);
    for (let start = 0; start < samples; start += blockSamples) {
      const columns = this.#roundedColumns(features, start, Math.min(start + blockSamples, samples));
      addOuterProducts(columns, this.#grid, this.#sum, this.#outerHigh, this.#outerLow);
    }
    this.#count += samples;
    return this;
  }

  /**
   * Adds the samples of other statistics; exact, so the order of merging does not matter.
   *
   * @returns this
   * @throws {@link RangeError} if dimension, range or bits differ
   */
  merge(other: MomentStatistics): this {
    if (other.dimension !== this.dimension || other.range !== this.range || other.bits !== this.bits) {
      throw new RangeError(
        `MomentStatistics.merge: got dimension ${other.dimension}, range ${other.range} and ${other.bits} bits,` +
          ` expected ${this.dimension}, ${this.range} and ${this.bits}.`,
      );
    }
    return this.#addSums(other.sums());
  }

  /**
   * Mean `[d]` and covariance `[d, d]` with divisor N - 1.
   *
   * @throws {@link RangeError} if there are fewer than 2 samples
   */
  moments(): GaussianMoments {
    if (this.#count < 2) {
      throw new RangeError(`MomentStatistics.moments: needs at least 2 samples, got ${this.#count}.`);
    }
    return scatterMoments(this.sums());
  }

  /** A copy of the sums, for files. */
  sums(): MomentSums {
    normaliseParts(this.#outerHigh, this.#outerLow, this.#grid);
    return {
      count: this.#count,
      dimension: this.dimension,
      range: this.range,
      bits: this.bits,
      sum: this.#sum.slice(),
      outerHigh: this.#outerHigh.slice(),
      outerLow: this.#outerLow.slice(),
    };
  }

  /**
   * Statistics with given sums, as {@link MomentStatistics.sums} returns them.
   *
   * @throws {@link RangeError} if the lengths do not fit the dimension, or the count is no integer in [0, 2^21]
   */
  static fromSums(sums: MomentSums): MomentStatistics {
    const statistics = new MomentStatistics(sums.dimension, { range: sums.range, bits: sums.bits });
    for (const [name, expected] of [
      ['sum', statistics.#sum],
      ['outerHigh', statistics.#outerHigh],
      ['outerLow', statistics.#outerLow],
    ] as const) {
      if (sums[name].length !== expected.length || !sums[name].every(Number.isFinite)) {
        throw new RangeError(
          `MomentStatistics.fromSums: ${name} must hold ${expected.length} finite numbers, got ${sums[name].length}.`,
        );
      }
    }
    return statistics.#addSums(sums);
  }

  /** Nothing is added unless all features are finite and below the range. */
  #check(features: ArrayLike<number>): void {
    const { dimension, range } = this;
    for (let at = 0; at < features.length; at += 1) {
      if (!(Math.abs(Math.fround(features[at])) < range)) {
        throw new RangeError(
          `MomentStatistics.add: feature ${at % dimension} of sample ${Math.floor(at / dimension)} must be finite and` +
            ` below ${range} in size, got ${features[at]}.`,
        );
      }
    }
  }

  /** Samples `start` to `end` on the grid, a row per dimension. */
  #roundedColumns(features: ArrayLike<number>, start: number, end: number): Float64Array {
    const { dimension } = this;
    const { roundFeature } = this.#grid;
    const samples = end - start;
    const columns = new Float64Array(dimension * samples);
    for (let k = 0; k < samples; k += 1) {
      const from = (start + k) * dimension;
      for (let i = 0; i < dimension; i += 1) {
        columns[i * samples + k] = Math.fround(features[from + i]) + roundFeature - roundFeature;
      }
    }
    return columns;
  }

  #addSums({ count, sum, outerHigh, outerLow }: MomentSums): this {
    this.#makeRoom(count);
    addTo(this.#sum, sum);
    addTo(this.#outerHigh, outerHigh);
    addTo(this.#outerLow, outerLow);
    this.#count += count;
    return this;
  }

  #makeRoom(samples: number): void {
    if (!Number.isInteger(samples) || samples < 0 || this.#count + samples > maxSamples) {
      throw new RangeError(
        `MomentStatistics: sums are exact up to ${maxSamples} samples, got ${this.#count} and ${samples} more.`,
      );
    }
  }
}

function addTo(target: Float64Array, values: Float64Array): void {
  for (let i = 0; i < target.length; i += 1) target[i] += values[i];
}
