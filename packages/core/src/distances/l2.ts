import { tf } from '@onestep/tensor';
import { namedDistance } from './distance';
import { difference, flattened } from './difference';

/**
 * Squared L2 distance, averaged over the elements of an image: mean (a - b)^2.
 *
 * Shapes `[B, ...] x [B, ...] -> [B]`, values >= 0; the caller disposes the result.
 *
 * @throws {@link RangeError} if the shapes differ
 * @remarks The mean, as in the released code; the paper writes the squared norm, larger by the number of elements.
 * @see Song et al. 2023, section 4
 */
export const l2Distance = namedDistance('l2', (a, b) =>
  tf.mean(tf.square(flattened(difference('l2Distance', a, b))), 1),
);
