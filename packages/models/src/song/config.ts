// What decides a DDPM++ or NCSN++ network. Source: Song et al. 2021, "Score-based generative modeling through SDEs", in the
// form of Karras et al. 2022 (NVlabs/edm, SongUNet).

import {
  booleanField,
  choiceField,
  integerField,
  integersField,
  numberField,
  numbersField,
  positiveField,
  resolveConfig,
  withOutChannels,
  type Field,
  type Fields,
} from '../internal/config-fields';
import { atMost, divisibleSides, levelFactors, namedLevels } from '../internal/level-rules';
import type { ResampleFilter } from '../layers/resample-filter';

/** Everything that decides a DDPM++ or NCSN++ network; what model files store. Defaults: see {@link SongUnetOptions}. */
export interface SongUnetConfig {
  /** Images, `[H, W, C]`. H and W are divisible by 2^(levels - 1). */
  readonly shape: readonly number[];
  /** Output channels; `shape[2]` by default. */
  readonly outChannels: number;
  /** Channels that the multipliers multiply; also those of the full grid's first convolution. */
  readonly modelChannels: number;
  /** One entry per level, from the full grid down; each level halves the sides. */
  readonly channelMultipliers: readonly number[];
  /** Width of the embedding that blocks project, in modelChannels. */
  readonly embeddingMultiplier: number;
  /** Sinusoids of the noise embedding, in modelChannels. */
  readonly noiseMultiplier: number;
  /** Residual blocks per level on the way down; one more on the way up. */
  readonly numResBlocks: number;
  /**
   * Downsampling factors (1, 2, 4, ...) of the levels with attention: after every block on the way down, after the last
   * one on the way up. The first block of the lowest level's way up always has it.
   */
  readonly attentionResolutions: readonly number[];
  /** Dropout rate before the second convolution of a block, [0, 1). */
  readonly dropout: number;
  /** Number of classes, 0 for an unconditional network. */
  readonly numClasses: number;
  /** Width of the augmentation labels, 0: none. EDM's augmentation pipe makes 9. */
  readonly augmentChannels: number;
  /** Frequencies of the noise embedding: `positional` a geometric row from 1 to 1e-4, `fourier` random ones. */
  readonly embedding: 'positional' | 'fourier';
  /** Standard deviation of the random frequencies: 16 as published, 0.02 for consistency models. */
  readonly fourierScale: number;
  /**
   * The random frequencies themselves, as in a file of the reference (`map_noise.freqs`). Empty: drawn from a fixed
   * stream, so that equal configs are equal functions.
   */
  readonly fourierFrequencies: readonly number[];
  /** Multiplies every time before its sinusoids. */
  readonly embeddingScale: number;
  /** What lower levels see of the image beside the blocks' output: nothing, or its pyramid added in one of two ways. */
  readonly encoder: 'standard' | 'skip' | 'residual';
  /** Where the output is made: at the full grid, or at every level and summed (`skip`). */
  readonly decoder: 'standard' | 'skip';
  /** Taps of the filter around every change of the grid: `[1, 1]` and `[1, 3, 3, 1]` in published networks. */
  readonly resampleFilter: ResampleFilter;
  /** Whether the embedding scales and shifts the second norm of a block; if not (as published), it is added before it. */
  readonly adaptiveScale: boolean;
  /** Whether scale and shift are normalised themselves; needs adaptiveScale. For continuous-time consistency models. */
  readonly doubleNorm: boolean;
  /** Whether a second time (cNoise2) is an input, with an embedding of its own and a projection in every block. */
  readonly secondTime: boolean;
  /** `reference`: last layers of blocks and of the network start at 1e-5 of the others; `nonzero`: like the others. */
  readonly init: 'reference' | 'nonzero';
}

/**
 * What {@link songUnet} takes: only shape is required. Defaults, those of DDPM++: outChannels as the input,
 * modelChannels 128, channelMultipliers 1, 2, 2, 2, embeddingMultiplier 4, noiseMultiplier 1, numResBlocks 4, attention at
 * the lowest level alone, dropout 0, numClasses 0, augmentChannels 0, embedding `positional`, fourierScale 16,
 * fourierFrequencies empty, embeddingScale 1, encoder and decoder `standard`, resampleFilter 1, 1, adaptiveScale, doubleNorm
 * and secondTime false, init `reference`.
 */
export type SongUnetOptions = Partial<SongUnetConfig> & Pick<SongUnetConfig, 'shape'>;

const filterField: Field<ResampleFilter> = {
  fallback: [1, 1],
  rule: 'a list of 2, 4, 6 or 8 numbers with a sum that is not 0, such as [1,1] or [1,3,3,1]',
  accepts: (value) =>
    Array.isArray(value) &&
    [2, 4, 6, 8].includes(value.length) &&
    value.every((tap) => Number.isFinite(tap)) &&
    (value as number[]).reduce((sum, tap) => sum + tap, 0) !== 0,
};

const fields: Fields<SongUnetConfig> = {
  shape: integersField(3, 3),
  outChannels: integerField(1),
  modelChannels: integerField(2, 128),
  channelMultipliers: integersField(1, 8, [1, 2, 2, 2]),
  embeddingMultiplier: integerField(1, 4),
  noiseMultiplier: integerField(1, 1),
  numResBlocks: integerField(1, 4),
  attentionResolutions: integersField(0, 8, []),
  dropout: numberField(0, 1, 0),
  numClasses: integerField(0, 0),
  augmentChannels: integerField(0, 0),
  embedding: choiceField(['positional', 'fourier'], 'positional'),
  fourierScale: positiveField(16),
  fourierFrequencies: numbersField([]),
  embeddingScale: positiveField(1),
  encoder: choiceField(['standard', 'skip', 'residual'], 'standard'),
  decoder: choiceField(['standard', 'skip'], 'standard'),
  resampleFilter: filterField,
  adaptiveScale: booleanField(false),
  doubleNorm: booleanField(false),
  secondTime: booleanField(false),
  init: choiceField(['reference', 'nonzero'], 'reference'),
};

/**
 * Checks a config and fills in the defaults.
 *
 * @throws OnestepError `invalid-model` listing every problem: unknown keys (with the nearest known one), wrong
 *   values, sides that cannot be halved, options that need another one
 */
export function resolveSongUnetConfig(given: unknown): SongUnetConfig {
  return resolveConfig('songUnet', withOutChannels(given), fields, relations);
}

/** Far above any published network; a config from a file must not ask for terabytes. */
const maxModelChannels = 4096;

/** Groups of every norm: as many as leave 4 channels each, at most 32. */
export const songGroups = { groupNormGroups: 32, groupNormMinChannels: 4 } as const;

function relations(config: SongUnetConfig): readonly (string | undefined)[] {
  const { shape, channelMultipliers, modelChannels, noiseMultiplier, attentionResolutions, fourierFrequencies } =
    config;
  const factors = levelFactors(channelMultipliers);
  const factor = factors[factors.length - 1];
  const sinusoids = modelChannels * noiseMultiplier;
  const frequencies = fourierFrequencies.length;
  return [
    ...divisibleSides(shape, factor, ' (2^(levels - 1))'),
    atMost('modelChannels', modelChannels, maxModelChannels),
    sinusoids % 2 === 0 && sinusoids >= 4
      ? undefined
      : `modelChannels x noiseMultiplier must be even and at least 4, got ${sinusoids}.`,
    ...namedLevels('attentionResolutions', attentionResolutions, factors),
    frequencies === 0 || (config.embedding === 'fourier' && frequencies === sinusoids / 2)
      ? undefined
      : `fourierFrequencies must be empty or, with embedding "fourier", ${sinusoids / 2} numbers, got ${frequencies}.`,
    config.doubleNorm && !config.adaptiveScale
      ? 'doubleNorm normalises scale and shift of the embedding: set adaptiveScale too.'
      : undefined,
  ];
}
