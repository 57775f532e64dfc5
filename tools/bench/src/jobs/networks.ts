import { admUnet, presets, type AdmUnetConfig, type AdmUnetOptions, type PlannedNetwork } from '@onestep/models';

/** A network to measure. */
export interface BenchNetwork {
  readonly name: string;
  readonly network: PlannedNetwork<AdmUnetConfig>;
}

const configs: Readonly<Record<string, AdmUnetOptions>> = {
  /** For checks that take seconds: every kind of layer, next to no arithmetic. */
  tiny: {
    shape: [8, 8, 1],
    modelChannels: 8,
    channelMultipliers: [1, 2],
    numResBlocks: 1,
    attentionResolutions: [2],
    groupNormMinChannels: 4,
  },
  /** Small images, residual blocks that change the grid. */
  'grid-16': {
    shape: [16, 16, 1],
    modelChannels: 32,
    channelMultipliers: [1, 2],
    numResBlocks: 2,
    attentionResolutions: [2],
    numHeadChannels: 32,
    resblockUpDown: true,
    groupNormMinChannels: 4,
  },
  'mnist-tiny': presets['mnist-tiny'].config,
  'mnist-small': presets['mnist-small'].config,
  'mnist-base': presets['mnist-base'].config,
  'engine-benchmark': presets['engine-benchmark'].config,
  /** 32 x 32 x 3. */
  'cifar-small': presets['cifar-small'].config,
};

/** Networks that the options may name. */
export const benchNetworkNames: readonly string[] = Object.keys(configs);

/**
 * A network by name; with `recompute` its blocks keep no activations for the backward pass. Nothing starts at zero in it: products with zeros would say nothing about agreement.
 *
 * @throws {@link RangeError} for an unknown name, listing the known ones
 */
export function benchNetwork(name: string, { recompute = false } = {}): BenchNetwork {
  if (!Object.hasOwn(configs, name)) {
    throw new RangeError(`unknown network "${name}", expected one of ${benchNetworkNames.join(', ')}.`);
  }
  const network = admUnet({ ...configs[name], init: 'nonzero' });
  if (!recompute) return { name, network };
  const apply: typeof network.apply = (params, x, conditioning, options) =>
    network.apply(params, x, conditioning, { ...options, recompute });
  return { name: `${name} recomputed`, network: { ...network, apply } };
}
