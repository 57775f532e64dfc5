import type { Conditioning } from '@onestep/core';
import type { Tensor1D, Tensor2D } from '@onestep/tensor';
import { networkFromConfig, type PlannedNetwork } from '../../src';
import { normalTensor } from './central-difference';

const plain = {
  shape: [8, 8, 2],
  modelChannels: 8,
  channelMultipliers: [1, 2],
  numResBlocks: 1,
  attentionResolutions: [2],
  numHeadChannels: 8,
  numClasses: 2,
  init: 'nonzero',
};
const unet = { ...plain, groupNormMinChannels: 4 };

/** Every architecture with a second time, small; nothing starts at zero. */
const descriptions: Readonly<Record<string, { readonly name: string; readonly config: object }>> = {
  'adm-unet': { name: 'adm-unet', config: { ...unet, resblockUpDown: true } },
  'adm-unet with patches, plain resampling and added embedding': {
    name: 'adm-unet',
    config: { ...unet, patchSize: 2, scaleShiftNorm: false },
  },
  'dhariwal-unet': { name: 'dhariwal-unet', config: { ...unet, augmentChannels: 3 } },
  'dhariwal-unet with double norm': { name: 'dhariwal-unet', config: { ...unet, doubleNorm: true } },
  // Central differences over a step of 0.08 see nothing of frequencies around 2 pi.
  'edm2-unet': { name: 'edm2-unet', config: { ...plain, fourierScale: 0.1 } },
  mlp: { name: 'mlp', config: { shape: [3], hiddenChannels: 16, numBlocks: 2, numClasses: 2, init: 'nonzero' } },
};

/** Names of {@link smallNetwork}. */
export const smallNetworkNames: readonly string[] = Object.keys(descriptions);

/** A network of a few thousand weights. */
export function smallNetwork(key: string, changes: object = {}): PlannedNetwork {
  const { name, config } = descriptions[key];
  return networkFromConfig({ name, config: { ...config, ...changes } });
}

/** An input of a network and all the conditioning that it takes. */
export function smallInputs(
  network: PlannedNetwork,
  batch = 2,
): { readonly x: ReturnType<typeof normalTensor>; readonly conditioning: Conditioning } {
  const config = network.config as { readonly augmentChannels?: number };
  return {
    x: normalTensor('x', [batch, ...network.shape]),
    conditioning: {
      cNoise: normalTensor('cNoise', [batch]) as Tensor1D,
      labels: normalTensor('labels', [batch, network.numClasses]) as Tensor2D,
      ...(network.secondTime === true && { cNoise2: normalTensor('cNoise2', [batch]) as Tensor1D }),
      ...((config.augmentChannels ?? 0) > 0 && {
        augment: normalTensor('augment', [batch, config.augmentChannels ?? 0]) as Tensor2D,
      }),
    },
  };
}
