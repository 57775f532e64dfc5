import { randomStream } from '@onestep/tensor';
import type { PointSet } from '../distances/point-set';

/** Options of {@link FeatureRows}. */
export interface FeatureRowsOptions {
  /** Rows that are kept at most. */
  readonly capacity: number;
  /** Integer in [0, 2^53); image i has a priority from stream `metrics.rows`, index i. */
  readonly seed: number;
}

/**
 * Feature vectors of images, as float32 rows: of all images, or of a uniformly random choice where there are more than the
 * capacity. The choice depends on seed and image numbers alone, so shards of a set merge to what the whole would keep.
 *
 * @remarks At most 9/8 capacity rows are held.
 */
export class FeatureRows {
  readonly width: number;
  readonly capacity: number;
  readonly seed: number;
  #data = new Float32Array(0);
  #images: number[] = [];

  constructor(width: number, { capacity, seed }: FeatureRowsOptions) {
    this.width = width;
    this.capacity = capacity;
    this.seed = seed;
  }

  /** Rows that are kept. */
  get count(): number {
    return Math.min(this.#images.length, this.capacity);
  }

  /**
   * Adds the features of consecutive images.
   *
   * @param first - number of the first image in its set
   * @param features - `[N, width]`
   */
  add(first: number, features: Float32Array): void {
    const { width } = this;
    this.#append(
      Array.from({ length: features.length / width }, (_, i) => first + i),
      features,
    );
  }

  /** Adds the rows of other images of the same set. */
  merge(other: FeatureRows): void {
    const { images, data } = other.rows();
    this.#append(images, data);
  }

  /** The rows by image number, and the numbers. */
  rows(): { readonly images: readonly number[]; readonly data: Float32Array } {
    this.#prune();
    const { width } = this;
    const order = this.#images.map((_, i) => i).sort((a, b) => this.#images[a] - this.#images[b]);
    const data = new Float32Array(order.length * width);
    order.forEach((row, i) => data.set(this.#data.subarray(row * width, (row + 1) * width), i * width));
    return { images: order.map((row) => this.#images[row]), data };
  }

  /**
   * The rows as points.
   *
   * @param most - with fewer than there are rows: a random choice of so many, in the order of the images
   */
  points(most = Number.POSITIVE_INFINITY): PointSet {
    const { images, data } = this.rows();
    if (images.length <= most) return { shape: [images.length, this.width], data };
    const chosen = new FeatureRows(this.width, { capacity: most, seed: this.seed });
    chosen.#append(images, data);
    const few = chosen.rows();
    return { shape: [few.images.length, this.width], data: few.data };
  }

  #append(images: readonly number[], features: Float32Array): void {
    const { width, capacity } = this;
    const needed = (this.#images.length + images.length) * width;
    if (needed > this.#data.length) {
      const grown = new Float32Array(
        Math.max(needed, Math.min(2 * this.#data.length, Math.ceil(1.2 * capacity) * width)),
      );
      grown.set(this.#data.subarray(0, this.#images.length * width));
      this.#data = grown;
    }
    this.#data.set(features, this.#images.length * width);
    for (const image of images) this.#images.push(image);
    if (this.#images.length > 1.125 * capacity) this.#prune();
  }

  /** Keeps the images of the lowest priorities. */
  #prune(): void {
    if (this.#images.length <= this.capacity) return;
    const { width } = this;
    const priorities = this.#images.map((image) => {
      const [high, low] = randomStream(this.seed, 'metrics.rows', image).integers(2, 2 ** 26);
      return high * 2 ** 26 + low;
    });
    const kept = priorities
      .map((_, i) => i)
      .sort((a, b) => priorities[a] - priorities[b] || this.#images[a] - this.#images[b])
      .slice(0, this.capacity)
      .sort((a, b) => a - b);
    // Rows only move towards the front.
    kept.forEach((row, i) => this.#data.copyWithin(i * width, row * width, (row + 1) * width));
    this.#images = kept.map((row) => this.#images[row]);
  }
}
