import { batchIndices } from '../batches/order';
import type { Pairs, PairsBatch } from './pairs';

/**
 * The endless sequence of batches of a file of pairs, in the order of {@link batchIndices}.
 *
 * @param pairs - from `openPairs`
 * @param options - `batchSize` integer >= 1; `seed` integer in [0, 2^53)
 * @returns a function from the batch number to its batch, always the same one
 * @throws RangeError if a number is out of range
 */
export function pairBatches(
  pairs: Pick<Pairs, 'length' | 'read'>,
  { batchSize, seed }: { readonly batchSize: number; readonly seed: number },
): (batchNumber: number) => Promise<PairsBatch> {
  const indices = batchIndices({ length: pairs.length, batchSize, seed });
  return (batchNumber) => pairs.read(indices(batchNumber));
}
