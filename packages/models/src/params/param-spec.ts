import { mapParams, tf, type Params, type RandomStream } from '@onestep/tensor';

/**
 * How a parameter is stored here, and hence how a channels-first file stores it:
 * `conv` HWIO (file OIHW), `linear` and `pointwise` [in, out] (file [out, in] and [out, in, 1, 1]),
 * `table` [rows, width], `vector` and `scalar` (without an axis) as in the file.
 */
export type ParamLayout = 'conv' | 'linear' | 'pointwise' | 'table' | 'vector' | 'scalar';

/** Law a fresh parameter is drawn from: U(-bound, bound), N(0, 1), or a constant. */
export type ParamInit =
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'normal' }
  | { readonly kind: 'constant'; readonly value: number };

/** All there is to know about one parameter before it exists. */
export interface ParamSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly layout: ParamLayout;
  readonly init: ParamInit;
  /** Output positions per image at which every entry is multiplied once; 0 for what costs no product. */
  readonly positions: number;
}

/** What every layer with a weight and a bias is described by. */
export interface WeightOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Output positions per image (1 for a layer that acts on a vector). */
  readonly positions: number;
  /** Starts at zero, so that the block around it starts as the identity. */
  readonly zero?: boolean | undefined;
}

/**
 * Specs of `NAME.weight` and `NAME.bias`, both from U(-1/sqrt(fanIn), 1/sqrt(fanIn)) or both zero.
 *
 * @see PyTorch defaults of convolution and linear layers: kaiming uniform with a = sqrt(5)
 */
export function weightAndBias(
  name: string,
  layout: 'conv' | 'linear' | 'pointwise',
  { inChannels, outChannels, positions, zero = false, kernelSize = 1 }: WeightOptions & { kernelSize?: number },
): ParamSpec[] {
  const fanIn = inChannels * kernelSize * kernelSize;
  const init: ParamInit = zero ? { kind: 'constant', value: 0 } : { kind: 'uniform', bound: 1 / Math.sqrt(fanIn) };
  const shape = layout === 'conv' ? [kernelSize, kernelSize, inChannels, outChannels] : [inChannels, outChannels];
  return [
    { name: `${name}.weight`, shape, layout, init, positions },
    { name: `${name}.bias`, shape: [outChannels], layout: 'vector', init, positions: 0 },
  ];
}

/** Names to shapes in canonical order. */
export function shapesOf(specs: readonly ParamSpec[]): Record<string, readonly number[]> {
  return mapParams(byName(specs), ({ shape }) => shape);
}

/**
 * Draws every parameter from the stream of its own name, so that a layer's start does not depend on the others.
 *
 * @returns fresh tensors in canonical order; the caller disposes them
 */
export function initParams(specs: readonly ParamSpec[], rng: (name: string) => RandomStream): Params {
  return mapParams(byName(specs), ({ name, shape, init }) => {
    const size = shape.reduce((product, side) => product * side, 1);
    return tf.tensor(
      drawParam(init, size, () => rng(name)),
      [...shape],
      'float32',
    );
  });
}

function drawParam(init: ParamInit, size: number, stream: () => RandomStream): Float32Array {
  switch (init.kind) {
    case 'constant':
      return new Float32Array(size).fill(init.value);
    case 'normal':
      return stream().normal(size);
    case 'uniform':
      return stream()
        .uniform(size)
        .map((u) => (2 * u - 1) * init.bound);
  }
}

function byName(specs: readonly ParamSpec[]): Record<string, ParamSpec> {
  return Object.fromEntries(specs.map((spec) => [spec.name, spec]));
}
