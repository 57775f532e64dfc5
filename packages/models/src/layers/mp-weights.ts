import { mapParams, tf, type Params, type Tensor, type Tensor4D } from '@onestep/tensor';
import type { ParamSpec } from '../params/param-spec';
import { weight } from '../params/weight';
import { inverseMagnitude, unitMagnitude } from './unit-magnitude';

/** What a layer without a bias, whose weight is normalised at every use, is described by. */
export interface MpWeightOptions {
  readonly layout: 'conv' | 'linear' | 'pointwise';
  readonly inChannels: number;
  readonly outChannels: number;
  /** Output positions per image (1 for a layer that acts on a vector). */
  readonly positions: number;
  /** Side of a convolution's kernel, default 1. */
  readonly kernelSize?: number | undefined;
}

/** Spec of `NAME.weight` from N(0, 1). */
export function mpWeightParam(name: string, options: MpWeightOptions): ParamSpec {
  const { layout, inChannels, outChannels, positions, kernelSize = 1 } = options;
  const matrix = [inChannels, outChannels];
  return {
    name: `${name}.weight`,
    shape: layout === 'conv' ? [kernelSize, kernelSize, ...matrix] : matrix,
    layout,
    init: { kind: 'normal' },
    positions,
  };
}

/** Spec of a single learned factor. */
export function gainParam(name: string, value: number): ParamSpec {
  return { name, shape: [], layout: 'scalar', init: { kind: 'constant', value }, positions: 0 };
}

/**
 * The weight of layer `NAME` as it is used, every output filter divided by its norm:
 * gain w / (sqrt(fanIn) (sqrt(mean(w^2)) + 1e-4)).
 * A layer with it keeps the magnitude of its input whatever the size of the stored weight.
 *
 * @param gain - a number, or a learned scalar; default 1
 * @see Karras et al. 2024 (EDM2), Eqs. 47 and 66; NVlabs/edm2 `training/networks_edm2.py`, MPConv
 */
export function mpWeight(params: Params, name: string, gain: number | Tensor = 1): Tensor {
  const stored = weight(params, `${name}.weight`);
  const fanIn = stored.size / stored.shape[stored.rank - 1];
  const inverse = inverseMagnitude(stored, filterAxes(stored));
  const scale =
    typeof gain === 'number'
      ? tf.mul(inverse, gain / Math.sqrt(fanIn))
      : tf.mul(tf.mul(inverse, 1 / Math.sqrt(fanIn)), gain);
  return tf.mul(stored, scale);
}

/** Convolution with {@link mpWeight}: odd square kernel, zero padding, no bias. `[B, H, W, in]` to `[B, H, W, out]`. */
export function mpConv(params: Params, name: string, x: Tensor, gain?: number | Tensor): Tensor {
  return tf.conv2d(x as Tensor4D, mpWeight(params, name, gain) as Tensor4D, 1, 'same');
}

/** x W with {@link mpWeight}, `[rows, in]` to `[rows, out]`. */
export function mpLinear(params: Params, name: string, x: Tensor, gain?: number | Tensor): Tensor {
  return tf.matMul(x, mpWeight(params, name, gain));
}

/**
 * Forced weight normalisation: every output filter w / (sqrt(mean(w^2)) + 1e-4), learned gains as they are.
 * An optimizer then takes steps of one relative size, since the size of a weight cannot drift.
 *
 * @returns fresh tensors; the caller disposes them
 * @see Karras et al. 2024 (EDM2), section 2.4 and Eq. 66
 */
export function unitWeights(params: Params): Params {
  return mapParams(params, (tensor) =>
    tensor.rank === 0 ? tensor.clone() : tf.tidy(() => unitMagnitude(tensor, filterAxes(tensor))),
  );
}

/** All axes but the last, that of output channels. */
function filterAxes(tensor: Tensor): number[] {
  return Array.from({ length: tensor.rank - 1 }, (_, axis) => axis);
}
