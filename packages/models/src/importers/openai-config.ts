import { resolveAdmUnetConfig, type AdmUnetConfig } from '../adm/config';
import {
  booleanField,
  choiceField,
  integerField,
  integersField,
  numberField,
  positivesField,
  resolveConfig,
  type Field,
  type Fields,
} from '../internal/config-fields';

interface OpenAiConfig {
  readonly image_size: number;
  readonly in_channels: number;
  readonly model_channels: number;
  readonly out_channels: number;
  readonly num_res_blocks: number;
  readonly attention_resolutions: readonly number[];
  readonly dropout: number;
  readonly channel_mult: readonly number[];
  readonly conv_resample: boolean;
  readonly dims: number;
  readonly num_classes: number | null;
  readonly num_heads: number;
  readonly num_head_channels: number;
  readonly num_heads_upsample: number;
  readonly use_scale_shift_norm: boolean;
  readonly resblock_updown: boolean;
  readonly use_checkpoint: boolean;
  readonly use_fp16: boolean;
  readonly use_new_attention_order: boolean;
}

const classes: Field<number | null> = {
  fallback: null,
  rule: 'null or an integer >= 0',
  accepts: (value) => value === null || (Number.isInteger(value) && (value as number) >= 0),
};

const fields: Fields<OpenAiConfig> = {
  image_size: integerField(1),
  in_channels: integerField(1),
  model_channels: integerField(2),
  out_channels: integerField(1),
  num_res_blocks: integerField(1),
  attention_resolutions: integersField(0, 8),
  dropout: numberField(0, 1, 0),
  channel_mult: positivesField(8, [1, 2, 4, 8]),
  conv_resample: booleanField(true),
  dims: choiceField([2], 2),
  num_classes: classes,
  num_heads: integerField(1, 1),
  num_head_channels: integerField(-1, -1),
  num_heads_upsample: integerField(-1, -1),
  use_scale_shift_norm: booleanField(false),
  resblock_updown: booleanField(false),
  use_checkpoint: booleanField(false),
  use_fp16: booleanField(false),
  use_new_attention_order: booleanField(false),
};

/**
 * Translates the keyword arguments of consistency_models' `UNetModel` (with its defaults) to our config.
 *
 * @param config - `image_size`, `in_channels`, `model_channels`, ...; `attention_resolutions` are downsampling factors, as
 *   the constructor takes them, not the image sizes of the command line. `use_checkpoint`, `use_fp16` and
 *   `use_new_attention_order` are accepted and change nothing.
 * @throws OnestepError `invalid-model` for unknown keys and wrong values
 */
export function fromOpenAiConfig(config: unknown): AdmUnetConfig {
  const given = resolveConfig('fromOpenAiConfig', config, fields);
  return resolveAdmUnetConfig({
    shape: [given.image_size, given.image_size, given.in_channels],
    outChannels: given.out_channels,
    modelChannels: given.model_channels,
    channelMultipliers: given.channel_mult,
    numResBlocks: given.num_res_blocks,
    // The reference passes over factors that no level has.
    attentionResolutions: given.attention_resolutions.filter((factor) =>
      given.channel_mult.some((_, level) => 2 ** level === factor),
    ),
    numHeads: given.num_heads,
    numHeadChannels: Math.max(0, given.num_head_channels),
    numHeadsUp: Math.max(0, given.num_heads_upsample),
    scaleShiftNorm: given.use_scale_shift_norm,
    resblockUpDown: given.resblock_updown,
    convResample: given.conv_resample,
    dropout: given.dropout,
    numClasses: given.num_classes ?? 0,
  });
}
