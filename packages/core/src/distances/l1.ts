import { tf } from '@onestep/tensor';
import { namedDistance } from './distance';
import { difference, flattened } from './difference';

/**
 * L1 distance, averaged over the elements of an image: mean |a - b|.
 *
 * Shapes `[B, ...] x [B, ...] -> [B]`, values >= 0; the caller disposes the result.
 *
 * @throws {@link RangeError} if the shapes differ
 * @remarks The gradient is 0 where a = b; that of TensorFlow.js's own `abs` would be -1.
 * @see Song et al. 2023, section 4
 */
export const l1Distance = namedDistance('l1', (a, b) => {
  const delta = flattened(difference('l1Distance', a, b));
  return tf.mean(tf.add(tf.relu(delta), tf.relu(tf.neg(delta))), 1);
});
