import type { GaussianMoments } from '../frechet/gaussian-moments';
import { exactGrid, maxSamples, twoProduct, type ExactGrid } from './exact-sum';

/** Samples whose columns fit the processor's cache together. */
const blockSamples = 256;

/** Options of {@link MomentStatistics}. */
export interface MomentOptions {
  /** All features are below this in size, a power of two; default 256. They are rounded to multiples of range 2^-32. */
  readonly range?: number | undefined;
}

/** The sums that statistics consist of; each is exact. */
export interface MomentSums {
  readonly count: number;
  readonly dimension: number;
  readonly range: number;
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
 * All sums are exact (features are float32, rounded once to a grid of 2^-32 of their range), so the same images give
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
  constructor(dimension: number, { range = 256 }: MomentOptions = {}) {
    if (!Number.isInteger(dimension) || dimension < 1 || dimension > 8192) {
      throw new RangeError(`MomentStatistics: dimension must be an integer in [1, 8192], got ${dimension}.`);
    }
    this.dimension = dimension;
    this.#grid = exactGrid(range);
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
    const columns = this.#roundedColumns(features, samples);
    for (let start = 0; start < samples; start += blockSamples) {
      this.#addBlock(columns, start, Math.min(start + blockSamples, samples));
    }
    this.#count += samples;
    return this;
  }

  /**
   * Adds the samples of other statistics; exact, so the order of merging does not matter.
   *
   * @returns this
   * @throws {@link RangeError} if dimension or range differ
   */
  merge(other: MomentStatistics): this {
    if (other.dimension !== this.dimension || other.range !== this.range) {
      throw new RangeError(
        `MomentStatistics.merge: got dimension ${other.dimension} and range ${other.range},` +
          ` expected ${this.dimension} and ${this.range}.`,
      );
    }
    return this.#addSums(other.sums());
  }

  /** Mean `[d]` and covariance `[d, d]` with divisor N - 1. */
  moments(): GaussianMoments {
    const { dimension } = this;
    const count = this.#count;
    if (count < 2) throw new RangeError(`MomentStatistics.moments: needs at least 2 samples, got ${count}.`);
    const mean = this.#sum.map((value) => value / count);
    const covariance = new Float64Array(dimension * dimension);
    let at = 0;
    for (let i = 0; i < dimension; i += 1) {
      for (let j = i; j < dimension; j += 1, at += 1) {
        // N sum(f_i f_j) - sum(f_i) sum(f_j) cancels where means are large: the products keep their errors.
        const [outer, outerError] = twoProduct(count, this.#outerHigh[at]);
        const [means, meansError] = twoProduct(this.#sum[i], this.#sum[j]);
        const scatter = outer - means + (outerError - meansError + count * this.#outerLow[at]);
        const value = scatter / count / (count - 1);
        covariance[i * dimension + j] = value;
        covariance[j * dimension + i] = value;
      }
    }
    return { mean, covariance };
  }

  /** A copy of the sums, for files. */
  sums(): MomentSums {
    return {
      count: this.#count,
      dimension: this.dimension,
      range: this.range,
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
    const statistics = new MomentStatistics(sums.dimension, { range: sums.range });
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

  /** Features on the grid, one column per dimension. */
  #roundedColumns(features: ArrayLike<number>, samples: number): readonly Float64Array[] {
    const { dimension } = this;
    const { range, roundFeature } = this.#grid;
    return Array.from({ length: dimension }, (_, i) => {
      const column = new Float64Array(samples);
      for (let k = 0; k < samples; k += 1) {
        const value = Math.fround(features[k * dimension + i]);
        if (!(Math.abs(value) < range)) {
          throw new RangeError(
            `MomentStatistics.add: feature ${i} of sample ${k} must be finite and below ${range} in size,` +
              ` got ${features[k * dimension + i]}.`,
          );
        }
        column[k] = value + roundFeature - roundFeature;
      }
      return column;
    });
  }

  /** Adds samples `start` to `end`; the loops keep a sum in a register and two columns in the cache. */
  #addBlock(columns: readonly Float64Array[], start: number, end: number): void {
    const { cutProduct } = this.#grid;
    let at = 0;
    for (let i = 0; i < columns.length; i += 1) {
      const first = columns[i];
      let sum = 0;
      for (let k = start; k < end; k += 1) sum += first[k];
      this.#sum[i] += sum;
      for (let j = i; j < columns.length; j += 1, at += 1) {
        const second = columns[j];
        let high = 0;
        let low = 0;
        for (let k = start; k < end; k += 1) {
          const product = first[k] * second[k];
          const top = product + cutProduct - cutProduct;
          high += top;
          low += product - top;
        }
        this.#outerHigh[at] += high;
        this.#outerLow[at] += low;
      }
    }
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
