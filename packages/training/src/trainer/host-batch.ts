import { OnestepError, type HostTensor } from '@onestep/tensor';

/** Width of the labels of EDM's augmentation, which the recipes' `dataset.augment` describes. */
export const augmentationLabelWidth = 9;

/** One batch in host memory. */
export interface HostBatch {
  /** `[B, ...shape]` in [-1, 1]; augmented images may overshoot a little. */
  readonly images: HostTensor;
  /** One-hot `[B, numClasses]`. */
  readonly labels?: HostTensor | undefined;
  /** How each image is augmented, `[B, n]`, n the network's `augmentChannels`. Default: none of them is. */
  readonly augment?: HostTensor | undefined;
  /** The unit Gaussian noise `[B, ...shape]` from which a teacher made the images, for methods that learn from such pairs. */
  readonly pairNoise?: HostTensor | undefined;
}

/** What a batch must be. */
export interface BatchNeeds {
  readonly batchNumber: number;
  readonly batchSize: number;
  readonly shape: readonly number[];
  readonly numClasses: number;
  /** Width of the augmentation labels that the network takes; default 0, none. */
  readonly augmentChannels?: number | undefined;
  /** The recipe says that images are augmented; default false. */
  readonly augmented?: boolean | undefined;
  /** Method that needs pairs of noise and image; undefined where none does. */
  readonly pairsFor?: string | undefined;
}

/**
 * Throws unless a batch has the shape the network and the recipe expect.
 *
 * @throws {@link TypeError} naming the batch, what it has and what was expected
 * @throws {@link OnestepError} `invalid-recipe` if the method needs pairs and the batch is none, `bad-data-file` if a pixel
 * is not a finite number
 */
export function checkBatch(batch: HostBatch, needs: BatchNeeds): void {
  const { batchNumber, batchSize, shape, numClasses, pairsFor } = needs;
  checkShape(`batch ${batchNumber}: images`, batch.images.shape, [batchSize, ...shape]);
  if (numClasses > 0) {
    if (batch.labels === undefined) {
      throw new TypeError(`trainer: batch ${batchNumber}: the network is class-conditional, but labels are missing.`);
    }
    checkShape(`batch ${batchNumber}: labels`, batch.labels.shape, [batchSize, numClasses]);
  }
  checkAugmentation(batch, needs);
  if (pairsFor !== undefined) {
    if (batch.pairNoise === undefined) {
      throw new OnestepError(
        'invalid-recipe',
        `trainer: method "${pairsFor}" learns from pairs of noise and image, but batch ${batchNumber} has no pairNoise. ` +
          'Make pairs with a teacher first.',
      );
    }
    checkShape(`batch ${batchNumber}: pairNoise`, batch.pairNoise.shape, [batchSize, ...shape]);
  }
  const pixels = [batch.images, ...(pairsFor === undefined || batch.pairNoise === undefined ? [] : [batch.pairNoise])];
  if (!pixels.every(({ data }) => data.every(Number.isFinite))) {
    throw new OnestepError('bad-data-file', `trainer: batch ${batchNumber} holds a value that is not a finite number.`);
  }
}

/** Augmentation that the network is not told of would be learned as if it were the data. */
function checkAugmentation({ augment }: HostBatch, needs: BatchNeeds): void {
  const { batchNumber, batchSize, augmentChannels = 0, augmented = false } = needs;
  if (augment === undefined) {
    if (!augmented) return;
    throw new OnestepError(
      'invalid-recipe',
      `trainer: the recipe has dataset.augment, but batch ${batchNumber} has no augmentation labels. ` +
        'Give makeHostBatch the augmentation of drawAugmentation, or leave dataset.augment out.',
    );
  }
  if (augmentChannels === 0) {
    throw new TypeError(
      `trainer: batch ${batchNumber} has augmentation labels, but the network takes none and would learn to make ` +
        'augmented images. Set augmentChannels in its config, or leave the images as they are.',
    );
  }
  checkShape(`batch ${batchNumber}: augmentation labels`, augment.shape, [batchSize, augmentChannels]);
}

function checkShape(what: string, got: readonly number[], expected: readonly number[]): void {
  if (got.length !== expected.length || got.some((length, i) => length !== expected[i])) {
    throw new TypeError(`trainer: ${what} have shape [${got.join(', ')}], expected [${expected.join(', ')}].`);
  }
}
