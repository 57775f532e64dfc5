import { tf, type Params, type Tensor } from '@onestep/tensor';
import { weightAndBias, type ParamSpec, type WeightOptions } from '../params/param-spec';
import { weight } from '../params/weight';

/** Specs of a linear layer `NAME` on vectors. */
export function linearParams(name: string, options: Omit<WeightOptions, 'positions'>): ParamSpec[] {
  return weightAndBias(name, 'linear', { ...options, positions: 1 });
}

/** x W + b for `x [rows, in]`; the result is `[rows, out]`. */
export function linear(params: Params, name: string, x: Tensor): Tensor {
  return tf.add(tf.matMul(x, weight(params, `${name}.weight`)), weight(params, `${name}.bias`));
}
