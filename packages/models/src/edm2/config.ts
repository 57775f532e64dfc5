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
  type Fields,
} from '../internal/config-fields';
import { atMost, divisibleSides, levelFactors, namedLevels } from '../internal/level-rules';

/** Everything that decides an EDM2 network; what model files store. See {@link Edm2UnetOptions} for the defaults. */
export interface Edm2UnetConfig {
  /** Images, `[H, W, C]`. H and W are divisible by 2^(levels - 1). */
  readonly shape: readonly number[];
  /** Output channels; `shape[2]` by default. */
  readonly outChannels: number;
  /** Channels that the multipliers multiply. */
  readonly modelChannels: number;
  /** One entry per level, from the full grid down; each level halves the sides. */
  readonly channelMultipliers: readonly number[];
  /** Width of the embedding that blocks project, in modelChannels; by default that of the widest level. */
  readonly embeddingMultiplier: number;
  /** Fourier features of the noise level, in modelChannels; by default as many as the first level has channels. */
  readonly noiseMultiplier: number;
  /** Residual blocks per level on the way down; one more on the way up. */
  readonly numResBlocks: number;
  /**
   * Downsampling factors (1 = the full grid, 2, 4, ...) of the levels with attention in every block. The first block of
   * the way up always has it.
   */
  readonly attentionResolutions: readonly number[];
  /** Channels per head; a block with attention has channels / numHeadChannels heads, rounded down, and none below one. */
  readonly numHeadChannels: number;
  /** Dropout rate before the second convolution of a block, [0, 1). */
  readonly dropout: number;
  /** Downsampling factors of the levels with dropout; by default all. */
  readonly dropoutResolutions: readonly number[];
  /** Number of classes, 0 for an unconditional network. */
  readonly numClasses: number;
  /** Balance of noise level (0) and label (1) in the embedding, [0, 1). */
  readonly labelBalance: number;
  /** Balance of what comes from below (0) and what is appended from the way down (1), [0, 1). */
  readonly concatBalance: number;
  /** Balance of a block's input (0) and its residual branch (1), [0, 1). */
  readonly residualBalance: number;
  /** Balance of attention's input (0) and its result (1), [0, 1). */
  readonly attentionBalance: number;
  /** A block's results are clipped to [-activationLimit, activationLimit]; 0: they are not. */
  readonly activationLimit: number;
  /** Whether a second time (cNoise2) is an input, with an embedding of its own and a projection in every block. */
  readonly secondTime: boolean;
  /** Multiplies every time before its Fourier features. */
  readonly embeddingScale: number;
  /** Bandwidth of the Fourier features: frequencies are 2 pi fourierScale N(0, 1). 1 as published. */
  readonly fourierScale: number;
  /**
   * The angular frequencies themselves, as in a file of the reference (`emb_fourier.freqs`). Empty: drawn from a fixed
   * stream, so that equal configs are equal functions.
   */
  readonly fourierFrequencies: readonly number[];
  /** The phases that belong to them (`emb_fourier.phases`); given together with them. */
  readonly fourierPhases: readonly number[];
  /** `reference`: the gains of conditioning and output start at zero; `nonzero`: at one (tests, probes). */
  readonly init: 'reference' | 'nonzero';
}

/**
 * What {@link edm2Unet} takes: only shape is required. Defaults: outChannels as the input, modelChannels 192,
 * channelMultipliers [1, 2, 3, 4], embeddingMultiplier that of the widest level, noiseMultiplier that of the first,
 * numResBlocks 3, attentionResolutions [4, 8] (those the network has), numHeadChannels 64, dropout 0, dropoutResolutions
 * every level, numClasses 0, labelBalance and concatBalance 0.5, residualBalance and attentionBalance 0.3, activationLimit
 * 256, secondTime false, embeddingScale 1, fourierScale 1, fourierFrequencies and fourierPhases empty, init `reference`.
 */
export type Edm2UnetOptions = Partial<Edm2UnetConfig> & Pick<Edm2UnetConfig, 'shape'>;

const defaultMultipliers = [1, 2, 3, 4];
const defaultAttention = [4, 8];

const fields: Fields<Edm2UnetConfig> = {
  shape: integersField(3, 3),
  outChannels: integerField(1),
  modelChannels: integerField(1, 192),
  channelMultipliers: integersField(1, 8, defaultMultipliers),
  embeddingMultiplier: integerField(1),
  noiseMultiplier: integerField(1),
  numResBlocks: integerField(1, 3),
  attentionResolutions: integersField(0, 8),
  numHeadChannels: integerField(1, 64),
  dropout: numberField(0, 1, 0),
  dropoutResolutions: integersField(0, 8),
  numClasses: integerField(0, 0),
  labelBalance: numberField(0, 1, 0.5),
  concatBalance: numberField(0, 1, 0.5),
  residualBalance: numberField(0, 1, 0.3),
  attentionBalance: numberField(0, 1, 0.3),
  activationLimit: numberField(0, Infinity, 256),
  secondTime: booleanField(false),
  embeddingScale: positiveField(1),
  fourierScale: positiveField(1),
  fourierFrequencies: numbersField([]),
  fourierPhases: numbersField([]),
  init: choiceField(['reference', 'nonzero'], 'reference'),
};

/** Far above any published network; a config from a file must not ask for terabytes. */
const maxModelChannels = 4096;
const maxMultiplier = 64;

/**
 * Checks a config and fills in the defaults.
 *
 * @throws OnestepError `invalid-model` listing every problem: unknown keys (with the nearest known one), wrong
 *   values, sides that cannot be halved, frequencies without phases
 */
export function resolveEdm2UnetConfig(given: unknown): Edm2UnetConfig {
  return resolveConfig('edm2Unet', withLevels(withOutChannels(given)), fields, relations);
}

/** The defaults that depend on the levels: widths of the embedding, attention and dropout. */
function withLevels(given: unknown): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  const config = given as Partial<Edm2UnetConfig>;
  const listed = config.channelMultipliers;
  const usable = Array.isArray(listed) && listed.length > 0 && listed.every((item) => Number.isInteger(item));
  const multipliers: readonly number[] = usable ? listed : defaultMultipliers;
  const factors = levelFactors(multipliers);
  return {
    ...config,
    embeddingMultiplier: config.embeddingMultiplier ?? Math.max(...multipliers),
    noiseMultiplier: config.noiseMultiplier ?? multipliers[0],
    attentionResolutions: config.attentionResolutions ?? defaultAttention.filter((factor) => factors.includes(factor)),
    dropoutResolutions: config.dropoutResolutions ?? factors,
  };
}

function relations(config: Edm2UnetConfig): readonly (string | undefined)[] {
  const { shape, channelMultipliers, modelChannels, fourierFrequencies, fourierPhases } = config;
  const factors = levelFactors(channelMultipliers);
  const last = factors[factors.length - 1];
  const features = modelChannels * config.noiseMultiplier;
  const given = [fourierFrequencies.length, fourierPhases.length];
  return [
    ...divisibleSides(shape, last, ', that is 2^(levels - 1)'),
    atMost('modelChannels', modelChannels, maxModelChannels),
    ...(['embeddingMultiplier', 'noiseMultiplier'] as const).map((key) => atMost(key, config[key], maxMultiplier)),
    ...(['attentionResolutions', 'dropoutResolutions'] as const).flatMap((key) =>
      namedLevels(key, config[key], factors),
    ),
    given.every((count) => count === 0) || given.every((count) => count === features)
      ? undefined
      : `fourierFrequencies and fourierPhases must both be empty or both ${features} numbers, got ${given.join(' and ')}.`,
  ];
}
