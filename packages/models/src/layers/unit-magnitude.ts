import { tf, type Tensor } from '@onestep/tensor';

/** Added to every root mean square. */
const epsilon = 1e-4;

/** Lost to rounding in any mean square above 1e-8; at 0 it keeps the gradient of the root finite. */
const floor = 1e-16;

/** 1 / (sqrt(mean(x^2)) + 1e-4) over some axes, which stay with length 1. */
export function inverseMagnitude(x: Tensor, axes: number | readonly number[]): Tensor {
  const meanSquare = tf.mean(tf.square(x), typeof axes === 'number' ? axes : [...axes], true);
  return tf.div(1, tf.add(tf.sqrt(tf.add(meanSquare, floor)), epsilon));
}

/**
 * Divides by the root mean square over some axes: x / (sqrt(mean(x^2)) + 1e-4).
 *
 * @param x - of any shape
 * @param axes - those of one vector: the channels of a pixel, everything but the output channel of a filter
 * @remarks As published, and hence not `pixelNorm`, which has the 1e-4 under the root. The gradient at 0 is 1e4 dy.
 * @see Karras et al. 2024 (EDM2), Fig. 21, and Eq. 47 for weights; NVlabs/edm2 `training/networks_edm2.py`, normalize
 */
export function unitMagnitude(x: Tensor, axes: number | readonly number[]): Tensor {
  return tf.mul(x, inverseMagnitude(x, axes));
}
