import type { Network } from '@onestep/core';
import type { HostTensor } from '@onestep/tensor';
import type { ParamSpec } from './param-spec';

/** A network that also says what its parameters are and what a forward pass costs. */
export interface PlannedNetwork<Config = unknown> extends Network<Config> {
  /** One entry per parameter, in the order of the layers. */
  readonly paramSpecs: readonly ParamSpec[];
  /** Fixed tensors that a file of the reference holds beside the parameters, by name, channels first. */
  readonly constants?: Readonly<Record<string, HostTensor>> | undefined;
  /** Multiply-adds of one image's forward pass in convolutions and matrix products. */
  readonly multiplyAddsPerImage: number;
}

/** Multiply-adds per image of the layers that have weights. */
export function weightMultiplyAdds(specs: readonly ParamSpec[]): number {
  return specs.reduce((sum, { shape, positions }) => sum + positions * shape.reduce((a, b) => a * b, 1), 0);
}

/**
 * Floating-point operations of a forward pass: 2 per multiply-add of convolutions and matrix products.
 *
 * @param network - a network of this package
 * @param batch - images per pass, default 1
 * @remarks Norms, activations and additions are not counted. A pass with gradients costs about three times as much.
 */
export function estimateFlops(network: Pick<PlannedNetwork, 'multiplyAddsPerImage'>, batch = 1): number {
  return 2 * batch * network.multiplyAddsPerImage;
}
