import { perImage, type Denoiser } from '@onestep/core';
import { hostTensor, randomStream, tf, type HostTensor, type Tensor4D } from '@onestep/tensor';
import type { AnyDenoiser } from '../../src';

const weights = Array.from({ length: 9 }, (_, i) => Math.cos(i + 1) / 4);

/** A small convolution per channel, so that images are mixed within themselves; overshoots [-1, 1]. */
export const smooth: Denoiser = (x, sigma) =>
  tf.tidy(() => {
    const channels = x.shape[3] ?? 1;
    const parts = tf.split<Tensor4D>(tf.tanh<Tensor4D>(x as Tensor4D), channels, 3);
    const kernel = tf.tensor4d(weights, [3, 3, 1, 1]);
    const mixed = tf.concat(
      parts.map((part) => tf.conv2d(part, kernel, 1, 'same')),
      3,
    );
    return tf.add(tf.mul(tf.div(x, perImage(tf.add(sigma, 1), x)), 0.5), tf.mul(mixed, 2));
  });

/** The same, answering later as a compiled model does. */
export const later: AnyDenoiser = async (x, sigma) => {
  await Promise.resolve();
  return smooth(x, sigma);
};

/** A model of two classes: class 0 is black, class 1 white; without a label grey. */
export const blackOrWhite: Denoiser = (x, _, condition) =>
  tf.tidy(() => {
    const labels = condition?.labels ?? tf.zeros([x.shape[0], 2]);
    const level = tf.reshape(tf.matMul(labels, tf.tensor2d([[-0.9], [0.9]])), [-1, 1, 1, 1]);
    return tf.add(tf.zerosLike(x), level);
  });

/** Irregular images in [-1, 1]. */
export function someImages(shape: readonly number[], seed = 1): HostTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const bytes = randomStream(seed, 'test.images').integers(size, 256);
  return hostTensor(
    Float32Array.from(bytes, (byte) => byte / 127.5 - 1),
    shape,
  );
}

/** A mask `[1, H, W, 1]` of the pixels right of the middle. */
export function rightHalf(height: number, width: number): HostTensor {
  const data = Float32Array.from({ length: height * width }, (_, i) => (i % width < width / 2 ? 0 : 1));
  return hostTensor(data, [1, height, width, 1]);
}
