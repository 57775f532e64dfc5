import { tf, type Params, type Tensor, type Tensor1D, type Tensor2D, type Tensor4D } from '@onestep/tensor';
import { asColour } from '../layers/colour';
import { averagePoolBlocks, maxPool, pooledExtent, type PoolWindow } from '../layers/pooling';
import { resizeImages } from '../resize/resize-images';
import { trunks, type LpipsNet, type TrunkConvolution } from './trunks';

/** Variants of LPIPS; the defaults are version 0.1 of its authors. */
export interface LpipsOptions {
  /** `average` puts means of 2 x 2 in the place of VGG16's max pooling; default `max`. */
  readonly pooling?: 'max' | 'average' | undefined;
  /** Side that images are resized to first (half-pixel bilinear); default: as they are. */
  readonly resizeTo?: number | undefined;
  /** Only images narrower than this are resized; default all. */
  readonly resizeBelow?: number | undefined;
  /** Takes grey images and repeats their channel three times; default false, grey images are refused. */
  readonly repeatGrey?: boolean | undefined;
}

/** The variant that the released code of consistency models trains with. */
export const consistencyModelsLpips = {
  pooling: 'average',
  resizeTo: 224,
  resizeBelow: 256,
} as const satisfies LpipsOptions;

/** What LPIPS says of a batch of pairs. */
export interface LpipsScores {
  /** `[B]`, the sum over layers. */
  readonly distance: Tensor1D;
  /** `[B, L]`, the part of each tap. */
  readonly perLayer: Tensor2D;
  /** `[B]`, the same with weights of 1: what the heads are compared with. */
  readonly baseline: Tensor1D;
}

/** Mean and standard deviation of ImageNet's images, as they look in [-1, 1]. */
const shift = [-0.03, -0.088, -0.188];
const scale = [0.458, 0.448, 0.45];

/** Norms begin above 0 by this much less than the eps below, so that a dead pixel has the gradient 0 and not NaN. */
const tiny = 1e-20;
const eps = 1e-10;

/**
 * LPIPS of pairs of images: difference of the trunk's normalised activations, weighted per channel, averaged over space,
 * summed over taps.
 *
 * @param net - the trunk
 * @param params - weights of an `LpipsModel` as tensors
 * @param a - `[B, H, W, 3]` in [-1, 1]; `[B, H, W, 1]` with `repeatGrey`
 * @param b - as `a`
 * @param options - see {@link LpipsOptions}
 * @returns scores, the caller's to dispose; differentiable in `a` and `b`, and a pure function, so it can be compiled
 * @throws RangeError if shapes differ, channels are not as expected, images are too small for the trunk, or average pooling is
 * asked of another trunk than VGG16
 * @see Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", equation 1
 */
export function lpipsScores(
  net: LpipsNet,
  params: Params,
  a: Tensor,
  b: Tensor,
  options: LpipsOptions = {},
): LpipsScores {
  checkArguments(net, a, b, options);
  return tf.tidy(() => {
    // One after the other and not as one batch: where only one side needs a gradient, the other has no backward pass.
    const [left, right] = [a, b].map((images) => taps(net, params, images, options));
    const unweighted: Tensor1D[] = [];
    const weighted = left.map((features, k) => {
      const difference = tf.sub(normalized(features), normalized(right[k]));
      const perChannel = tf.mean<Tensor2D>(tf.square(difference), [1, 2]);
      unweighted.push(tf.sum<Tensor1D>(perChannel, 1));
      return tf.sum<Tensor1D>(tf.mul(perChannel, params[`lin${k}`]), 1);
    });
    const columns = weighted.map((column) => tf.reshape<tf.Rank.R2>(column, [column.shape[0], 1]));
    return { distance: total(weighted), perLayer: tf.concat(columns, 1), baseline: total(unweighted) };
  });
}

const total = (parts: readonly Tensor1D[]): Tensor1D => parts.reduce((sum, part) => tf.add(sum, part));

/** Every pixel's channels divided by their norm. */
function normalized(features: Tensor4D): Tensor4D {
  const norm = tf.sqrt(tf.add(tf.sum(tf.square(features), 3, true), tiny));
  return tf.div(features, tf.add(norm, eps));
}

function taps(net: LpipsNet, params: Params, images: Tensor, options: LpipsOptions): Tensor4D[] {
  const { pooling = 'max', resizeTo, resizeBelow = Infinity, repeatGrey = false } = options;
  let x = asColour('lpips', images, repeatGrey ? 1 : 3);
  if (resizeTo !== undefined && x.shape[2] < resizeBelow) x = resizeImages(x, [resizeTo, resizeTo], 'bilinear');
  x = tf.div(tf.sub(x, tf.tensor1d(shift)), tf.tensor1d(scale));
  const found: Tensor4D[] = [];
  for (const layer of trunks[net].layers) {
    if (layer.kind === 'pool') x = pooling === 'average' ? averagePoolBlocks(x) : pooled(net, x, layer.window);
    else if (layer.kind === 'convolution') x = convolve(net, params, x, layer.convolution);
    else {
      const squeezed = convolve(net, params, x, layer.squeeze);
      x = tf.concat(layer.expand.map((convolution) => convolve(net, params, squeezed, convolution)), 3); // prettier-ignore
    }
    if (layer.kind !== 'pool' && layer.tap) found.push(x);
  }
  return found;
}

function pooled(net: LpipsNet, x: Tensor4D, window: PoolWindow): Tensor4D {
  if (pooledExtent(Math.min(x.shape[1], x.shape[2]), window) < 1) throw tooSmall(net);
  return maxPool(x, window);
}

function convolve(net: LpipsNet, params: Params, x: Tensor4D, spec: TrunkConvolution): Tensor4D {
  const { name, size, stride, margin } = spec;
  if (Math.min(x.shape[1], x.shape[2]) + 2 * margin < size) throw tooSmall(net);
  const same = stride === 1;
  const sides: [number, number][] = [[0, 0], [margin, margin], [margin, margin], [0, 0]]; // prettier-ignore
  const wide = same || margin === 0 ? x : tf.pad(x, sides);
  const product = tf.conv2d(wide, params[`${name}.weight`] as Tensor4D, stride, same ? 'same' : 'valid');
  return tf.relu(tf.add<Tensor4D>(product, params[`${name}.bias`]));
}

const tooSmall = (net: LpipsNet): RangeError =>
  new RangeError(`lpips: the images are too small for ${trunks[net].title}. Pass resizeTo, for example 64.`);

function checkArguments(net: LpipsNet, a: Tensor, b: Tensor, { pooling, resizeTo }: LpipsOptions): void {
  if (a.shape.join() !== b.shape.join()) {
    throw new RangeError(`lpips: images have shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}].`);
  }
  if (pooling === 'average' && net !== 'vgg16') {
    throw new RangeError(`lpips: pooling "average" belongs to vgg16, the net is ${net}.`);
  }
  if (resizeTo !== undefined && (!Number.isInteger(resizeTo) || resizeTo < 1 || resizeTo > 4096)) {
    throw new RangeError(`lpips: resizeTo must be an integer in [1, 4096], got ${resizeTo}.`);
  }
}
