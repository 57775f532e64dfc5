import { MomentStatistics } from '../statistics/moment-statistics';
import { metricNeeds, type EvaluationMetric } from './metric-names';
import { FeatureRows } from './feature-rows';

/** What is kept of a set of images, and through which network. */
export interface FeaturePlan {
  readonly network: { readonly name: string; readonly sha256: string; readonly preprocessing: string };
  /** Width of each output whose moments are summed. */
  readonly moments: Readonly<Record<string, number>>;
  /** Width of each output whose rows are kept. */
  readonly rows: Readonly<Record<string, number>>;
  /** Image i is summed in block i mod blocks: intervals resample them. 1 for none. */
  readonly blocks: number;
  /** Rows that are kept at most. */
  readonly maxRows: number;
  readonly seed: number;
}

/** Numbers of consecutive images, `to` not included. */
export interface ImageRange {
  readonly from: number;
  readonly to: number;
}

/** Content of a {@link FeatureSet}, by output. */
export interface FeatureContent {
  readonly ranges: readonly ImageRange[];
  readonly blocks: ReadonlyMap<string, readonly MomentStatistics[]>;
  readonly rows: ReadonlyMap<string, { readonly images: readonly number[]; readonly data: Float32Array }>;
}

/** What metrics need of an output: nothing is kept that no metric asks for. */
export function outputsFor(
  metrics: readonly EvaluationMetric[],
  side: 'images' | 'reference',
  widths: Readonly<Record<string, number>>,
): Pick<FeaturePlan, 'moments' | 'rows'> {
  const moments: Record<string, number> = {};
  const rows: Record<string, number> = {};
  for (const metric of metrics) {
    const { output, keeps, reference } = metricNeeds[metric];
    if (side === 'reference' && !reference) continue;
    const sums = keeps === 'moments' || (side === 'reference' && metric === 'fd-infinity');
    (sums ? moments : rows)[output] = widths[output];
  }
  return { moments, rows };
}

/**
 * Features of a set of images, as far as metrics need them: exact sums, and rows. Sets of parts merge to what the whole
 * would have, bit for bit.
 *
 * @remarks Sums take `blocks` times d (d + 1) doubles whatever the number of images, rows 4 d bytes an image up to `maxRows`.
 */
export class FeatureSet {
  readonly plan: FeaturePlan;
  readonly #ranges: ImageRange[] = [];
  readonly #blocks: ReadonlyMap<string, readonly MomentStatistics[]>;
  readonly #rows: ReadonlyMap<string, FeatureRows>;

  constructor(plan: FeaturePlan) {
    this.plan = plan;
    this.#blocks = new Map(
      Object.entries(plan.moments).map(([output, width]) => [
        output,
        Array.from({ length: plan.blocks }, () => new MomentStatistics(width, { bits: gridBits(width) })),
      ]),
    );
    this.#rows = new Map(
      Object.entries(plan.rows).map(([output, width]) => [
        output,
        new FeatureRows(width, { capacity: plan.maxRows, seed: plan.seed }),
      ]),
    );
  }

  /**
   * A set with given content, as a file holds it.
   *
   * @throws {@link RangeError} if the content does not fit the plan or itself
   */
  static from(plan: FeaturePlan, content: FeatureContent): FeatureSet {
    const set = new FeatureSet(plan);
    for (const { from, to } of content.ranges) {
      if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to <= from) {
        throw new RangeError(`FeatureSet.from: images ${from} to ${to} are no range.`);
      }
    }
    set.#cover(content.ranges);
    for (const [output, blocks] of set.#blocks) {
      const given = content.blocks.get(output) ?? [];
      blocks.forEach((block, k) => block.merge(given[k]));
      const summed = blocks.reduce((sum, block) => sum + block.count, 0);
      if (summed !== set.count) {
        throw new RangeError(`FeatureSet.from: sums of ${output} are of ${summed} images, the set has ${set.count}.`);
      }
    }
    for (const [output, rows] of set.#rows) {
      const { images, data } = content.rows.get(output) ?? { images: [], data: new Float32Array(0) };
      if (images.length !== Math.min(set.count, plan.maxRows)) {
        throw new RangeError(`FeatureSet.from: ${images.length} rows of ${output} for ${set.count} images.`);
      }
      images.forEach((image, i) => rows.add(image, data.subarray(i * rows.width, (i + 1) * rows.width)));
    }
    return set;
  }

  /** Images so far. */
  get count(): number {
    return this.#ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  /** Numbers of the images so far, joined and ascending. */
  get ranges(): readonly ImageRange[] {
    return this.#ranges;
  }

  /**
   * Adds the features of consecutive images.
   *
   * @param first - number of the first of them
   * @param count - how many
   * @param features - `[count, width]` by output
   * @throws {@link RangeError} if a feature is not finite, or not below 256 where sums are taken
   */
  add(first: number, count: number, features: Readonly<Record<string, Float32Array>>): void {
    this.#cover([{ from: first, to: first + count }]);
    for (const [output, blocks] of this.#blocks) addToBlocks(blocks, first, features[output]);
    for (const [output, rows] of this.#rows) rows.add(first, checkFinite(features[output], output, rows.width, first));
  }

  /**
   * Adds the features of other images of the same set.
   *
   * @throws {@link RangeError} if they were made otherwise, or images are in both
   */
  merge(other: FeatureSet): void {
    const [mine, theirs] = [this.plan, other.plan].map((plan) => JSON.stringify(plan));
    if (mine !== theirs) {
      throw new RangeError('FeatureSet.merge: the parts were made with different networks, metrics or settings.');
    }
    this.#cover(other.ranges);
    for (const [output, blocks] of this.#blocks) {
      const added = other.blocksOf(output) ?? [];
      blocks.forEach((block, k) => block.merge(added[k]));
    }
    for (const [output, rows] of this.#rows) {
      const added = other.rowsOf(output);
      if (added !== undefined) rows.merge(added);
    }
  }

  /** Sums of all images. */
  momentsOf(output: string): MomentStatistics | undefined {
    const blocks = this.#blocks.get(output);
    if (blocks === undefined) return undefined;
    const [{ dimension, range, bits }] = blocks;
    const whole = new MomentStatistics(dimension, { range, bits });
    for (const block of blocks) whole.merge(block);
    return whole;
  }

  /** Sums by block. */
  blocksOf(output: string): readonly MomentStatistics[] | undefined {
    return this.#blocks.get(output);
  }

  /** Rows of an output. */
  rowsOf(output: string): FeatureRows | undefined {
    return this.#rows.get(output);
  }

  /** Takes images into the account. */
  #cover(added: readonly ImageRange[]): void {
    const all = [...this.#ranges, ...added.filter(({ from, to }) => to > from)].sort((a, b) => a.from - b.from);
    const joined: { from: number; to: number }[] = [];
    for (const { from, to } of all) {
      const last = joined.at(-1);
      if (last !== undefined && from < last.to) {
        throw new RangeError(`FeatureSet: images ${from} to ${Math.min(to, last.to) - 1} are there twice.`);
      }
      if (last?.to === from) last.to = to;
      else joined.push({ from, to });
    }
    this.#ranges.splice(0, this.#ranges.length, ...joined);
  }
}

/** Wide features are summed on a coarser grid, at a third of the cost; the step stays below what networks compute exactly. */
const gridBits = (width: number): number => (width > 512 ? 24 : 32);

function addToBlocks(blocks: readonly MomentStatistics[], first: number, features: Float32Array): void {
  const { length } = blocks;
  if (length === 1) {
    blocks[0].add(features);
    return;
  }
  const width = blocks[0].dimension;
  const count = features.length / width;
  for (let start = 0; start < Math.min(length, count); start += 1) {
    const picked = new Float32Array(Math.ceil((count - start) / length) * width);
    for (let i = start, row = 0; i < count; i += length, row += 1) {
      picked.set(features.subarray(i * width, (i + 1) * width), row * width);
    }
    blocks[(first + start) % length].add(picked);
  }
}

function checkFinite(features: Float32Array, output: string, width: number, first: number): Float32Array {
  const wrong = features.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return features;
  throw new RangeError(
    `evaluate: the network's ${output} of image ${first + Math.floor(wrong / width)} has ${features[wrong]}, expected finite numbers.`,
  );
}
