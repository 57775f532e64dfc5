/** A contiguous part of a stream of images. */
export interface ShardRange {
  /** Number of this shard, from 1. */
  readonly index: number;
  /** Number of shards. */
  readonly total: number;
  /** First image, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts `count` images into `total` contiguous shards of nearly equal size. Boundaries lie between batches where every
 * shard has at least one, so that no batch is computed twice.
 *
 * @param count - images in all, integer >= 0
 * @param shard - `index` in [1, total], `total` >= 1, and the `batchSize` images are drawn with
 * @returns the shard with its range; shards follow each other and cover [0, count)
 * @throws RangeError if a number is out of range
 */
export function shardRange(
  count: number,
  { index, total, batchSize = 1 }: { readonly index: number; readonly total: number; readonly batchSize?: number },
): ShardRange {
  const check = (name: string, value: number, low: number, high = Number.MAX_SAFE_INTEGER): void => {
    if (!Number.isInteger(value) || value < low || value > high) {
      const range = high === Number.MAX_SAFE_INTEGER ? `>= ${low}` : `in [${low}, ${high}]`;
      throw new RangeError(`shardRange: ${name} must be an integer ${range}, got ${value}.`);
    }
  };
  check('count', count, 0);
  check('total', total, 1);
  check('index', index, 1, total);
  check('batchSize', batchSize, 1);
  const unit = count >= total * batchSize ? batchSize : 1;
  const units = Math.ceil(count / unit);
  const boundary = (i: number): number => Math.min(count, unit * Math.floor((i * units) / total));
  return { index, total, from: boundary(index - 1), to: boundary(index) };
}
