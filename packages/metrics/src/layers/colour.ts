import { tf, type Tensor, type Tensor4D } from '@onestep/tensor';

/**
 * Images as a colour network takes them. Grey images are repeated to three channels only where the caller has asked for it.
 *
 * @param expected - channels that the images must have
 * @throws RangeError if the images are not `[B, H, W, expected]`
 */
export function asColour(where: string, images: Tensor, expected: 1 | 3): Tensor4D {
  const [, , , channels] = images.shape;
  if (images.rank !== 4 || channels !== expected) {
    const hint =
      images.rank === 4 && channels === 1
        ? ' The network was trained on colour. Pass repeatGrey: true to repeat grey images to 3 channels; scores then state it.'
        : '';
    throw new RangeError(`${where}: images must be [B, H, W, ${expected}], got [${images.shape.join(', ')}].${hint}`);
  }
  return expected === 1 ? tf.concat([images, images, images] as Tensor4D[], 3) : (images as Tensor4D);
}
