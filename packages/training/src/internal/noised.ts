import { perImage } from '@onestep/core';
import { tf, type Tensor } from '@onestep/tensor';

/** The noised image x0 + sigma n, one sigma per image. */
export function noised(images: Tensor, noise: Tensor, sigma: Tensor): Tensor {
  return tf.add(images, tf.mul(noise, perImage(sigma as Parameters<typeof perImage>[0], images)));
}
