import { randomStream, type RandomStream } from '@onestep/tensor';
import { checkInteger } from '../internal/checks';

/** How one image is augmented; {@link noAugmentation} leaves it as it is. */
export interface ImageAugmentation {
  /** Mirrored left to right. */
  readonly xFlip: boolean;
  /** Mirrored top to bottom. */
  readonly yFlip: boolean;
  /** w of the isotropic scaling by 2^(w / 5). */
  readonly scale: number;
  /** Angle of the rotation, radians, counter-clockwise. */
  readonly rotate: number;
  /** w of the anisotropic scaling: by 2^(w / 5) along one axis and 2^(-w / 5) across it. */
  readonly aniso: number;
  /** Angle of that axis, radians. */
  readonly anisoAngle: number;
  /** Shift along x and y, in eighths of the image's width and height. */
  readonly translate: readonly [x: number, y: number];
}

/** The image as it is. */
export const noAugmentation: ImageAugmentation = {
  xFlip: false,
  yFlip: false,
  scale: 0,
  rotate: 0,
  aniso: 0,
  anisoAngle: 0,
  translate: [0, 0],
};

/** How often images are augmented: each transform on its own, with `probability` times its multiplier, at most 1. */
export interface AugmentationRates {
  /** In [0, 1]; default 0.12, EDM's for CIFAR-10. */
  readonly probability?: number | undefined;
  /** Of tossing a coin whether to mirror left to right; default 1e8: always. */
  readonly xFlip?: number | undefined;
  /** Of tossing a coin whether to mirror top to bottom; default 1. */
  readonly yFlip?: number | undefined;
  /** Default 1. */
  readonly scale?: number | undefined;
  /** Default 1. */
  readonly rotate?: number | undefined;
  /** Default 1. */
  readonly aniso?: number | undefined;
  /** Default 1. */
  readonly translate?: number | undefined;
}

/** Which images to draw for, and how often each transform is on. */
export interface DrawAugmentationOptions extends AugmentationRates {
  /** Seed of the run, integer in [0, 2^53). */
  readonly seed: number;
  /** Number of the first image of the batch in the run, integer >= 0. */
  readonly imagesSeen: number;
  /** Integer >= 1. */
  readonly batchSize: number;
}

/**
 * Draws how the images of a batch are augmented: scalings w normal, rotations uniform in [-pi, pi), shifts normal, flips by a
 * coin; each transform is on with its own probability.
 *
 * @param options - image k of the run goes by stream k of the purpose `data.augment`, whatever its batch
 * @returns one entry per image
 * @throws RangeError if a number is out of range
 * @remarks An image takes the same draws whatever the rates: another multiplier changes its own transform alone.
 * @see Karras et al. 2022, App. F.2 and Table 6; NVlabs/edm `training/augment.py`, `train.py` for the defaults
 */
export function drawAugmentation(options: DrawAugmentationOptions): ImageAugmentation[] {
  const { seed, imagesSeen, batchSize, probability = 0.12 } = options;
  const { xFlip = 1e8, yFlip = 1, scale = 1, rotate = 1, aniso = 1, translate = 1 } = options;
  checkInteger('drawAugmentation', 'imagesSeen', imagesSeen, 0);
  checkInteger('drawAugmentation', 'batchSize', batchSize, 1);
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`drawAugmentation: probability must be in [0, 1], got ${probability}.`);
  }
  const multipliers = { xFlip, yFlip, scale, rotate, aniso, translate };
  for (const [name, multiplier] of Object.entries(multipliers)) {
    if (!(multiplier >= 0)) throw new RangeError(`drawAugmentation: ${name} must be >= 0, got ${multiplier}.`);
  }
  const rates = Object.values(multipliers).map((multiplier) => multiplier * probability);
  return Array.from({ length: batchSize }, (_, i) =>
    drawOne(randomStream(seed, 'data.augment', imagesSeen + i), rates),
  );
}

/** All draws of one image, of which those of transforms that are off are thrown away. */
function drawOne(stream: RandomStream, rates: readonly number[]): ImageAugmentation {
  const [xFlip, yFlip, scale, rotate, aniso, translate] = Array.from(stream.uniform(6), (u, i) => u < rates[i]);
  const [xCoin, yCoin, angle, axis, axisCoin] = stream.uniform(5);
  const [wScale, wAniso, x, y] = stream.normal(4);
  return {
    xFlip: xFlip && xCoin < 0.5,
    yFlip: yFlip && yCoin < 0.5,
    scale: scale ? wScale : 0,
    rotate: rotate ? Math.PI * (2 * angle - 1) : 0,
    aniso: aniso ? wAniso : 0,
    // Half of the anisotropic scalings are along x or y.
    anisoAngle: aniso && axisCoin < 0.5 ? Math.PI * (2 * axis - 1) : 0,
    translate: translate ? [x, y] : [0, 0],
  };
}
