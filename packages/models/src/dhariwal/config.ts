import {
  booleanField,
  choiceField,
  integerField,
  integersField,
  numberField,
  positiveField,
  resolveConfig,
  withOutChannels,
  type Fields,
} from '../internal/config-fields';
import { atMost, divisibleSides, levelFactors, namedLevels } from '../internal/level-rules';

/** Everything that decides a DhariwalUNet; what model files store. See {@link DhariwalUnetOptions} for the defaults. */
export interface DhariwalUnetConfig {
  /** Images, `[H, W, C]`. H and W are divisible by 2^(levels - 1). */
  readonly shape: readonly number[];
  /** Output channels; `shape[2]` by default. */
  readonly outChannels: number;
  /** Channels that the multipliers multiply; even. */
  readonly modelChannels: number;
  /** One entry per level, from the full grid down; each level halves the sides. */
  readonly channelMultipliers: readonly number[];
  /** Width of the embedding as a multiple of modelChannels. */
  readonly embeddingMultiplier: number;
  /** Residual blocks per level on the way down; one more on the way up. */
  readonly numResBlocks: number;
  /** Downsampling factors (1 = the full grid, 2, 4, ...) of the levels with attention in every block. */
  readonly attentionResolutions: readonly number[];
  /** Channels per head; a block with attention has channels / numHeadChannels heads, rounded down, and none below one. */
  readonly numHeadChannels: number;
  /** Dropout rate before the second convolution of a block, [0, 1). */
  readonly dropout: number;
  /** Number of classes, 0 for an unconditional network. */
  readonly numClasses: number;
  /** Width of the augmentation labels (9 for EDM's pipe), 0 for none. */
  readonly augmentChannels: number;
  /** Whether a second time (cNoise2) is an input, with an embedding of its own and a projection in every block. */
  readonly secondTime: boolean;
  /** Multiplies every time before its sinusoids; see the same key of the ADM U-Net. */
  readonly embeddingScale: number;
  /** Whether the modulation of a block is normalised too: scale and shift vectors get unit mean square. */
  readonly doubleNorm: boolean;
  /** Largest number of groups of a norm. */
  readonly groupNormGroups: number;
  /** Fewest channels in a group. */
  readonly groupNormMinChannels: number;
  /** `reference`: last layers of blocks and of the network start at zero; `nonzero`: nothing does (tests, probes). */
  readonly init: 'reference' | 'nonzero';
}

/**
 * What {@link dhariwalUnet} takes: only shape is required. Defaults: outChannels as the input, modelChannels 192,
 * channelMultipliers [1, 2, 3, 4], embeddingMultiplier 4, numResBlocks 3, attentionResolutions [2, 4, 8] (those the
 * network has), numHeadChannels 64, dropout 0, numClasses 0, augmentChannels 0, secondTime false, embeddingScale 1,
 * doubleNorm false, groupNormGroups 32, groupNormMinChannels 4, init `reference`.
 */
export type DhariwalUnetOptions = Partial<DhariwalUnetConfig> & Pick<DhariwalUnetConfig, 'shape'>;

const fields: Fields<DhariwalUnetConfig> = {
  shape: integersField(3, 3),
  outChannels: integerField(1),
  modelChannels: integerField(2, 192),
  channelMultipliers: integersField(1, 8, [1, 2, 3, 4]),
  embeddingMultiplier: integerField(1, 4),
  numResBlocks: integerField(1, 3),
  attentionResolutions: integersField(0, 8),
  numHeadChannels: integerField(1, 64),
  dropout: numberField(0, 1, 0),
  numClasses: integerField(0, 0),
  augmentChannels: integerField(0, 0),
  secondTime: booleanField(false),
  embeddingScale: positiveField(1),
  doubleNorm: booleanField(false),
  groupNormGroups: integerField(1, 32),
  groupNormMinChannels: integerField(1, 4),
  init: choiceField(['reference', 'nonzero'], 'reference'),
};

/** Far above any published network; a config from a file must not ask for terabytes. */
const maxModelChannels = 4096;
const maxEmbeddingMultiplier = 64;
const defaultAttention = [2, 4, 8];

/**
 * Checks a config and fills in the defaults.
 *
 * @throws OnestepError `invalid-model` listing every problem: unknown keys (with the nearest known one), wrong
 *   values, sides that cannot be halved
 */
export function resolveDhariwalUnetConfig(given: unknown): DhariwalUnetConfig {
  return resolveConfig('dhariwalUnet', withAttention(withOutChannels(given)), fields, relations);
}

/** The default of one key depends on another: attention at the published factors that the network has. */
function withAttention(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const { attentionResolutions, channelMultipliers } = given as Partial<DhariwalUnetConfig>;
  const levels = Array.isArray(channelMultipliers) ? channelMultipliers.length : 4;
  const factors = defaultAttention.filter((factor) => factor <= 2 ** (levels - 1));
  return { ...given, attentionResolutions: attentionResolutions ?? factors };
}

function relations(config: DhariwalUnetConfig): readonly (string | undefined)[] {
  const { shape, channelMultipliers, modelChannels, embeddingMultiplier, attentionResolutions } = config;
  const factors = levelFactors(channelMultipliers);
  const last = factors[factors.length - 1];
  return [
    ...divisibleSides(shape, last, ', that is 2^(levels - 1)'),
    atMost('modelChannels', modelChannels, maxModelChannels),
    modelChannels % 2 === 0 ? undefined : `modelChannels must be even, got ${modelChannels}.`,
    atMost('embeddingMultiplier', embeddingMultiplier, maxEmbeddingMultiplier),
    ...namedLevels('attentionResolutions', attentionResolutions, factors),
  ];
}
