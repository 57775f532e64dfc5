import { integerField, integersField, numberField, type Fields } from '../internal/config-fields';

/** Keyword arguments that EDM's networks have in common. */
export interface EdmConfig {
  readonly img_resolution: number;
  readonly img_channels: number;
  readonly in_channels: number;
  readonly out_channels: number;
  readonly label_dim: number;
  readonly augment_dim: number;
  readonly model_channels: number;
  readonly channel_mult: readonly number[];
  readonly channel_mult_emb: number;
  readonly num_blocks: number;
  readonly attn_resolutions: readonly number[];
  readonly dropout: number;
  readonly label_dropout: number;
}

/** Their fields, with the defaults in which the networks differ. */
export function edmFields(
  defaults: Pick<EdmConfig, 'model_channels' | 'channel_mult' | 'num_blocks' | 'attn_resolutions'>,
): Fields<EdmConfig> {
  return {
    img_resolution: integerField(1),
    img_channels: integerField(0, 0),
    in_channels: integerField(0, 0),
    out_channels: integerField(0, 0),
    label_dim: integerField(0, 0),
    augment_dim: integerField(0, 0),
    model_channels: integerField(2, defaults.model_channels),
    channel_mult: integersField(1, 8, defaults.channel_mult),
    channel_mult_emb: integerField(1, 4),
    num_blocks: integerField(1, defaults.num_blocks),
    attn_resolutions: integersField(0, 8, defaults.attn_resolutions),
    dropout: numberField(0, 1, 0.1),
    label_dropout: numberField(0, 1, 0),
  };
}

/** The rule that no single field can state: channels by one name or the other. */
export function edmProblems({ img_channels, in_channels }: EdmConfig): (string | undefined)[] {
  return [img_channels + in_channels > 0 ? undefined : 'img_channels is missing; it must be an integer >= 1.'];
}

/** Our names for them. `attn_resolutions` are sides of the grid, and sides that no level has are passed over, as there. */
export function commonConfig(given: EdmConfig) {
  const side = given.img_resolution;
  const inChannels = given.in_channels > 0 ? given.in_channels : given.img_channels;
  return {
    shape: [side, side, inChannels],
    outChannels: given.out_channels > 0 ? given.out_channels : inChannels,
    modelChannels: given.model_channels,
    channelMultipliers: given.channel_mult,
    embeddingMultiplier: given.channel_mult_emb,
    numResBlocks: given.num_blocks,
    attentionResolutions: given.channel_mult
      .map((_, level) => 2 ** level)
      .filter((factor) => given.attn_resolutions.includes(side / factor)),
    dropout: given.dropout,
    numClasses: given.label_dim,
    augmentChannels: given.augment_dim,
  };
}
