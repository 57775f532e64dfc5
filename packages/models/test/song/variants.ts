import type { Conditioning } from '@onestep/core';
import { tf, type Tensor1D, type Tensor2D } from '@onestep/tensor';
import type { SongUnetConfig, SongUnetOptions } from '../../src';
import { normalTensor } from '../support/central-difference';

/** Every kind of layer at 4 x 4 and 2 x 2. */
export const small = {
  shape: [4, 4, 2],
  modelChannels: 8,
  channelMultipliers: [1, 2],
  numResBlocks: 1,
  attentionResolutions: [2],
  numClasses: 3,
  augmentChannels: 9,
  fourierScale: 0.5,
  init: 'nonzero',
} as const satisfies SongUnetOptions;

const filters = [
  [1, 1],
  [1, 3, 3, 1],
];

const combinations: readonly SongUnetOptions[] = (['standard', 'skip', 'residual'] as const).flatMap((encoder, i) =>
  (['standard', 'skip'] as const).flatMap((decoder, j) =>
    (['positional', 'fourier'] as const).map((embedding, k) => {
      return { ...small, encoder, decoder, embedding, resampleFilter: filters[(i + j + k) % 2] };
    }),
  ),
);

/** All combinations of encoder, decoder and embedding, and the options beside them, by name. */
export const variants: readonly (readonly [name: string, options: SongUnetOptions])[] = [
  ...combinations.map((options) => {
    const { encoder, decoder, embedding, resampleFilter } = options;
    return [`${encoder} encoder, ${decoder} decoder, ${embedding}, [${resampleFilter?.join(',')}]`, options] as const;
  }),
  ['adaptive scale', { ...small, adaptiveScale: true }],
  ['adaptive double norm', { ...small, adaptiveScale: true, doubleNorm: true }],
  ['a second time', { ...small, secondTime: true }],
  ['a second time, Fourier, adaptive', { ...small, secondTime: true, adaptiveScale: true, embedding: 'fourier' }],
  [
    'three levels, one block, four outputs',
    { ...small, shape: [8, 4, 1], channelMultipliers: [1, 1, 2], outChannels: 4 },
  ],
];

/** Conditioning with everything that the network takes. */
export function conditioningFor(
  { numClasses, augmentChannels, secondTime }: SongUnetConfig,
  batch: number,
): Conditioning {
  const labels = Array.from({ length: batch }, (_, row) =>
    Array.from({ length: numClasses }, (_unused, i) => Number(i === row % numClasses)),
  );
  return {
    cNoise: normalTensor('cNoise', [batch]) as Tensor1D,
    ...(numClasses > 0 && { labels: tf.tensor2d(labels) }),
    ...(augmentChannels > 0 && { augment: normalTensor('augment', [batch, augmentChannels]) as Tensor2D }),
    ...(secondTime && { cNoise2: normalTensor('cNoise2', [batch]) as Tensor1D }),
  };
}
