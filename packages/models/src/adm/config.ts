import {
  booleanField,
  choiceField,
  integerField,
  integersField,
  numberField,
  positiveField,
  positivesField,
  resolveConfig,
  withOutChannels,
  type Fields,
} from '../internal/config-fields';
import { atMost, divisibleSides, levelFactors, namedLevels } from '../internal/level-rules';

/** Everything that decides an ADM U-Net; what model files store. See {@link AdmUnetOptions} for the defaults. */
export interface AdmUnetConfig {
  /** Images, `[H, W, C]`. H and W are divisible by patchSize 2^(levels - 1). */
  readonly shape: readonly number[];
  /** Output channels; `shape[2]` by default. */
  readonly outChannels: number;
  /** Side of the squares folded into channels before the first convolution and unfolded after the last: 1, 2 or 4. */
  readonly patchSize: number;
  /** Channels that the multipliers multiply; even. */
  readonly modelChannels: number;
  /** One entry per level, from the full grid down; each level halves the sides. Fractions that give whole channels will do. */
  readonly channelMultipliers: readonly number[];
  /** Residual blocks per level on the way down; one more on the way up. */
  readonly numResBlocks: number;
  /** Downsampling factors (1 = the grid after patching, 2, 4, ...) of the levels with attention after every block. */
  readonly attentionResolutions: readonly number[];
  /** Attention heads, unless numHeadChannels says otherwise. */
  readonly numHeads: number;
  /** Channels per head; 0: the number of heads is fixed instead. */
  readonly numHeadChannels: number;
  /** Heads on the way up; 0: as numHeads. */
  readonly numHeadsUp: number;
  /** Whether the embedding scales and shifts the second norm of a block; if not, it is added before it. */
  readonly scaleShiftNorm: boolean;
  /** Whether residual blocks change the grid; if not, plain resampling layers do. */
  readonly resblockUpDown: boolean;
  /** Whether plain resampling layers have a 3 x 3 convolution. */
  readonly convResample: boolean;
  /** Dropout rate before the second convolution of a block, [0, 1). */
  readonly dropout: number;
  /** Number of classes, 0 for an unconditional network. */
  readonly numClasses: number;
  /** Whether a second time (cNoise2) is an input, with an embedding of its own and a projection in every block. */
  readonly secondTime: boolean;
  /**
   * Multiplies every time before its sinusoids, whose fastest is cos(time): a time that runs over a few units only
   * is learned faster at 4 to 8.
   */
  readonly embeddingScale: number;
  /** Largest number of groups of a norm. */
  readonly groupNormGroups: number;
  /**
   * Fewest channels in a group: a norm of C channels has the largest number of groups that divides C and exceeds
   * neither groupNormGroups nor C / groupNormMinChannels. Published ADM weights: 1; EDM and the presets here: 4.
   */
  readonly groupNormMinChannels: number;
  /** Added to the variance in every norm; 1e-5 in published ADM weights. */
  readonly groupNormEpsilon: number;
  /** `reference`: last layers of blocks and of the network start at zero; `nonzero`: nothing does (tests, probes). */
  readonly init: 'reference' | 'nonzero';
}

/**
 * What {@link admUnet} takes: shape, modelChannels and channelMultipliers are required. Defaults: outChannels as the
 * input, patchSize 1, numResBlocks 2, no attention but the middle's, numHeads 1, numHeadChannels 0, numHeadsUp 0,
 * scaleShiftNorm true, resblockUpDown false, convResample true, dropout 0, numClasses 0, secondTime false,
 * embeddingScale 1, groupNormGroups 32, groupNormMinChannels 1, groupNormEpsilon 1e-5, init `reference`.
 */
export type AdmUnetOptions = Partial<AdmUnetConfig> &
  Pick<AdmUnetConfig, 'shape' | 'modelChannels' | 'channelMultipliers'>;

const fields: Fields<AdmUnetConfig> = {
  shape: integersField(3, 3),
  outChannels: integerField(1),
  patchSize: choiceField([1, 2, 4], 1),
  modelChannels: integerField(2),
  channelMultipliers: positivesField(8),
  numResBlocks: integerField(1, 2),
  attentionResolutions: integersField(0, 8, []),
  numHeads: integerField(1, 1),
  numHeadChannels: integerField(0, 0),
  numHeadsUp: integerField(0, 0),
  scaleShiftNorm: booleanField(true),
  resblockUpDown: booleanField(false),
  convResample: booleanField(true),
  dropout: numberField(0, 1, 0),
  numClasses: integerField(0, 0),
  secondTime: booleanField(false),
  embeddingScale: positiveField(1),
  groupNormGroups: integerField(1, 32),
  groupNormMinChannels: integerField(1, 1),
  groupNormEpsilon: positiveField(1e-5),
  init: choiceField(['reference', 'nonzero'], 'reference'),
};

/**
 * Checks a config and fills in the defaults.
 *
 * @throws OnestepError `invalid-model` listing every problem: unknown keys (with the nearest known one), wrong
 *   values, sides that cannot be halved
 */
export function resolveAdmUnetConfig(given: unknown): AdmUnetConfig {
  return resolveConfig('admUnet', withOutChannels(given), fields, relations);
}

/** Far above any published network; a config from a file must not ask for terabytes. */
const maxModelChannels = 4096;

/** Groups of a norm over `channels` channels. */
export function groupsOf(
  channels: number,
  config: Pick<AdmUnetConfig, 'groupNormGroups' | 'groupNormMinChannels'>,
): number {
  let groups = Math.min(config.groupNormGroups, Math.floor(channels / config.groupNormMinChannels));
  while (groups > 1 && channels % groups !== 0) groups -= 1;
  return Math.max(1, groups);
}

/** Channels of a level. */
export function levelChannels(
  level: number,
  { channelMultipliers, modelChannels }: Pick<AdmUnetConfig, 'channelMultipliers' | 'modelChannels'>,
): number {
  return Math.round(channelMultipliers[level] * modelChannels);
}

/** Heads of an attention block over `channels` channels. */
export function headsOf(channels: number, config: AdmUnetConfig, goingUp: boolean): number {
  if (config.numHeadChannels > 0) return channels / config.numHeadChannels;
  return goingUp && config.numHeadsUp > 0 ? config.numHeadsUp : config.numHeads;
}

function relations(config: AdmUnetConfig): readonly (string | undefined)[] {
  const { shape, patchSize, channelMultipliers, modelChannels, attentionResolutions } = config;
  const factor = patchSize * 2 ** (channelMultipliers.length - 1);
  const factors = levelFactors(channelMultipliers);
  return [
    ...divisibleSides(shape, factor, ' (patchSize x 2^(levels - 1))'),
    atMost('modelChannels', modelChannels, maxModelChannels),
    modelChannels % 2 === 0 ? undefined : `modelChannels must be even, got ${modelChannels}.`,
    ...channelMultipliers.map((multiplier, level) =>
      Math.abs(multiplier * modelChannels - levelChannels(level, config)) < 1e-9 * modelChannels
        ? undefined
        : `channelMultipliers: ${multiplier} x ${modelChannels} modelChannels are no whole number of channels.`,
    ),
    ...namedLevels('attentionResolutions', attentionResolutions, factors),
  ];
}
