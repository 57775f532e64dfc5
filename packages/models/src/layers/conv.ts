import { tf, type Params, type Tensor, type Tensor4D } from '@onestep/tensor';
import { weightAndBias, type ParamSpec, type WeightOptions } from '../params/param-spec';
import { weight } from '../params/weight';

/** Specs of a convolution `NAME` with a square kernel. */
export function convParams(name: string, options: WeightOptions & { readonly kernelSize: number }): ParamSpec[] {
  return weightAndBias(name, 'conv', options);
}

/**
 * Convolution without its bias: odd square kernel, zero padding of (size - 1) / 2 on every side.
 *
 * @param x - `[B, H, W, in]`
 * @param stride - 1 or 2, default 1. With 2 the padding is the symmetric one of PyTorch, not TensorFlow's `same`,
 *   which would put all of it on the right for even sizes.
 * @returns `[B, ceil(H / stride), ceil(W / stride), out]`
 */
export function convWithoutBias(params: Params, name: string, x: Tensor, stride = 1): Tensor {
  const kernel = weight(params, `${name}.weight`) as Tensor4D;
  const padding = stride === 1 ? 'same' : (kernel.shape[0] - 1) / 2;
  return tf.conv2d(x as Tensor4D, kernel, stride, padding);
}

/** Convolution with bias; see {@link convWithoutBias}. */
export function conv(params: Params, name: string, x: Tensor, stride = 1): Tensor {
  return tf.add(convWithoutBias(params, name, x, stride), weight(params, `${name}.bias`));
}
