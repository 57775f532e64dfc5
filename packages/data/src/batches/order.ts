import { randomStream } from '@onestep/tensor';
import { checkInteger } from '../internal/checks';

/**
 * Order in which epoch `epoch` visits the images: a uniformly random permutation from stream `data.shuffle`.
 *
 * @param options - `length` integer in [1, 2^32); `seed` integer in [0, 2^53); `epoch` integer >= 0
 * @returns a permutation of 0 .. length - 1, a function of the three numbers alone
 * @throws RangeError if a number is out of range
 */
export function shuffledIndices({
  length,
  seed,
  epoch,
}: {
  readonly length: number;
  readonly seed: number;
  readonly epoch: number;
}): Uint32Array {
  checkInteger('shuffledIndices', 'length', length, 1);
  return randomStream(seed, 'data.shuffle', epoch).permutation(length);
}

/** Says which images endless batches hold. */
export interface BatchOrderOptions {
  /** Images in the dataset, integer >= 1. */
  readonly length: number;
  /** Images in a batch, integer >= 1; may exceed `length`. */
  readonly batchSize: number;
  /** Integer in [0, 2^53). */
  readonly seed: number;
}

/**
 * Opens the endless sequence of batches: the shuffled epochs one after the other, cut every `batchSize` images.
 *
 * Batch k holds positions k * batchSize .. (k + 1) * batchSize - 1 of that sequence, so a batch may straddle two
 * epochs, no image is ever dropped, and a resumed run needs nothing but its batch counter.
 *
 * @param options - length, batch size and seed
 * @returns a function from the batch number (integer >= 0) to its `batchSize` dataset indices; pure, but it keeps the
 *   last permutation it made, so consecutive batches of an epoch cost no new shuffle
 * @throws RangeError if a number is out of range
 */
export function batchIndices({ length, batchSize, seed }: BatchOrderOptions): (batchNumber: number) => Uint32Array {
  checkInteger('batchIndices', 'length', length, 1);
  checkInteger('batchIndices', 'batchSize', batchSize, 1);
  let cached: { readonly epoch: number; readonly order: Uint32Array } | undefined;
  return (batchNumber) => {
    checkInteger('batchIndices', 'batchNumber', batchNumber, 0);
    const first = batchNumber * batchSize;
    checkInteger('batchIndices', 'batchNumber * batchSize', first, 0);
    const indices = new Uint32Array(batchSize);
    for (let i = 0; i < batchSize; i += 1) {
      const epoch = Math.floor((first + i) / length);
      if (cached?.epoch !== epoch) cached = { epoch, order: shuffledIndices({ length, seed, epoch }) };
      indices[i] = cached.order[(first + i) % length];
    }
    return indices;
  };
}

/**
 * Dataset indices of one batch of the endless sequence of {@link batchIndices}, without keeping anything.
 *
 * @param options - length, batch size, seed, and `batchNumber`, integer >= 0
 * @returns `batchSize` indices
 * @throws RangeError if a number is out of range
 * @remarks Costs one shuffle of the dataset per call; a loop over batches keeps the function of `batchIndices`.
 */
export function batchAt({
  batchNumber,
  ...options
}: BatchOrderOptions & { readonly batchNumber: number }): Uint32Array {
  return batchIndices(options)(batchNumber);
}
