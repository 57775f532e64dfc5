import { resolveDhariwalUnetConfig, type DhariwalUnetConfig } from '../dhariwal/config';
import { integerField, integersField, numberField, resolveConfig, type Fields } from '../internal/config-fields';

interface EdmDhariwalConfig {
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

const fields: Fields<EdmDhariwalConfig> = {
  img_resolution: integerField(1),
  img_channels: integerField(0, 0),
  in_channels: integerField(0, 0),
  out_channels: integerField(0, 0),
  label_dim: integerField(0, 0),
  augment_dim: integerField(0, 0),
  model_channels: integerField(2, 192),
  channel_mult: integersField(1, 8, [1, 2, 3, 4]),
  channel_mult_emb: integerField(1, 4),
  num_blocks: integerField(1, 3),
  attn_resolutions: integersField(0, 8, [32, 16, 8]),
  dropout: numberField(0, 1, 0.1),
  label_dropout: numberField(0, 1, 0),
};

/**
 * Translates the keyword arguments of EDM's `DhariwalUNet` (with its defaults) to our config.
 *
 * @param config - `img_resolution`, `img_channels` (or `in_channels` and `out_channels`), `channel_mult`, ...;
 *   `attn_resolutions` are sides of the grid, and sides that no level has are passed over, as there. `label_dropout` is
 *   accepted and changes nothing: it is the trainer's.
 * @throws OnestepError `invalid-model` for unknown keys and wrong values
 */
export function fromEdmDhariwalConfig(config: unknown): DhariwalUnetConfig {
  const given = resolveConfig('fromEdmDhariwalConfig', config, fields, ({ img_channels, in_channels }) => [
    img_channels + in_channels > 0 ? undefined : 'img_channels is missing; it must be an integer >= 1.',
  ]);
  const side = given.img_resolution;
  const inChannels = given.in_channels > 0 ? given.in_channels : given.img_channels;
  return resolveDhariwalUnetConfig({
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
  });
}
