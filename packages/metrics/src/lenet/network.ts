import {
  hostTensor,
  randomStream,
  tf,
  type HostTensor,
  type Params,
  type Tensor2D,
  type Tensor4D,
} from '@onestep/tensor';

/** Width of the penultimate layer, whose activations are the features. */
export const lenetFeatureWidth = 64;

/** Classes of the datasets the networks were trained on. */
export const lenetClasses = 10;

/** Length of the flattened maps before the dense layers. */
export const lenetFlatWidth = 5 * 5 * 48;

/** Shapes of every tensor: convolutions HWIO, dense layers [in, out]. */
export const lenetShapes = {
  'conv0.bias': [16],
  'conv0.weight': [5, 5, 1, 16],
  'conv1.bias': [32],
  'conv1.weight': [3, 3, 16, 32],
  'conv2.bias': [32],
  'conv2.weight': [3, 3, 32, 32],
  'conv3.bias': [48],
  'conv3.weight': [3, 3, 32, 48],
  'dense0.bias': [lenetFeatureWidth],
  'dense0.weight': [lenetFlatWidth, lenetFeatureWidth],
  'dense1.bias': [lenetClasses],
  'dense1.weight': [lenetFeatureWidth, lenetClasses],
} as const satisfies Readonly<Record<string, readonly number[]>>;

/** Inverted-dropout masks (0 or 1 / keep) of a training step, drawn outside. */
export interface LenetDropout {
  /** `[B, lenetFlatWidth]`. */
  readonly flat: Tensor2D;
  /** `[B, lenetFeatureWidth]`. */
  readonly features: Tensor2D;
}

/**
 * Features of grey images: activations of the penultimate layer.
 *
 * 28 x 28 images are padded by two pixels of -1 on each side, 32 x 32 images are taken as they are (MNIST padded to 32
 * has the same border), so both give the same features.
 *
 * @param params - weights of {@link lenetShapes}
 * @param images - `[B, 28, 28, 1]` or `[B, 32, 32, 1]` in [-1, 1]
 * @param dropout - masks, in training alone
 * @returns `[B, 64]`, the caller's to dispose; a pure function of its arguments, so it can be compiled
 * @throws {@link RangeError} if the images have another shape
 * @remarks 3.4 million multiplications per image. Pooling is the mean of 2 x 2 pixels, after LeCun et al. 1998.
 */
export function lenetFeatures(params: Params, images: Tensor4D, dropout?: LenetDropout): Tensor2D {
  const [batchSize, height, width, channels] = images.shape;
  if (channels !== 1 || height !== width || (height !== 28 && height !== 32)) {
    throw new RangeError(
      `lenetFeatures: images must be [B, 28, 28, 1] or [B, 32, 32, 1], got [${images.shape.join(', ')}].`,
    );
  }
  return tf.tidy(() => {
    const padded = height === 32 ? images : tf.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]], -1); // prettier-ignore
    let x = pool(convolve(params, 'conv0', padded, 'valid'));
    x = convolve(params, 'conv1', x, 'same');
    x = pool(convolve(params, 'conv2', x, 'same'));
    x = convolve(params, 'conv3', x, 'valid');
    let flat: Tensor2D = tf.reshape(x, [batchSize, lenetFlatWidth]);
    if (dropout !== undefined) flat = tf.mul(flat, dropout.flat);
    const features: Tensor2D = silu(dense(params, 'dense0', flat));
    return dropout === undefined ? features : tf.mul(features, dropout.features);
  });
}

/**
 * Class logits from features.
 *
 * @param params - weights of {@link lenetShapes}
 * @param features - `[B, 64]`, as {@link lenetFeatures} makes them
 * @returns `[B, 10]`, the caller's to dispose
 */
export function lenetLogits(params: Params, features: Tensor2D): Tensor2D {
  return tf.tidy(() => dense(params, 'dense1', features));
}

/**
 * Fresh weights: normal with variance 2 / fan-in, biases zero; the last layer with variance 1 / fan-in.
 *
 * @param seed - integer in [0, 2^53); tensor k of the sorted names is drawn from stream `lenet.init`, index k
 */
export function initLenet(seed: number): Record<string, HostTensor> {
  const weights: Record<string, HostTensor> = {};
  Object.entries(lenetShapes).forEach(([name, shape], index) => {
    const size = shape.reduce((product: number, length) => product * length, 1);
    const data = new Float32Array(size);
    if (name.endsWith('.weight')) {
      const fanIn = size / shape[shape.length - 1];
      const std = Math.sqrt((name.startsWith('dense1') ? 1 : 2) / fanIn);
      data.set(randomStream(seed, 'lenet.init', index).normal(size));
      for (let i = 0; i < size; i += 1) data[i] *= std;
    }
    weights[name] = hostTensor(data, shape);
  });
  return weights;
}

function convolve(params: Params, name: string, x: Tensor4D, padding: 'valid' | 'same'): Tensor4D {
  const weight = params[`${name}.weight`] as Tensor4D;
  return silu(tf.add(tf.conv2d(x, weight, 1, padding), params[`${name}.bias`]));
}

function dense(params: Params, name: string, x: Tensor2D): Tensor2D {
  return tf.add(tf.matMul(x, params[`${name}.weight`] as Tensor2D), params[`${name}.bias`]);
}

const silu = <T extends Tensor2D | Tensor4D>(x: T): T => tf.mul(x, tf.sigmoid(x));

/** Mean of each 2 x 2 block. */
function pool(x: Tensor4D): Tensor4D {
  const [batchSize, height, width, channels] = x.shape;
  const blocks = tf.reshape(x, [batchSize * (height / 2), 2, width / 2, 2 * channels]);
  const rows = tf.mean(blocks, 1);
  return tf.mean(tf.reshape(rows, [batchSize, height / 2, width / 2, 2, channels]), 3);
}
