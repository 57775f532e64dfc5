import { OnestepError } from '@onestep/tensor';
import { resolveAdmUnetConfig, type AdmUnetConfig } from '../adm/config';
import {
  booleanField,
  choiceField,
  integerField,
  integersField,
  numberField,
  positiveField,
  resolveConfig,
  type Field,
  type Fields,
} from '../internal/config-fields';

interface DiffusersConfig {
  readonly sample_size: number | readonly number[] | null;
  readonly in_channels: number;
  readonly out_channels: number;
  readonly center_input_sample: boolean;
  readonly time_embedding_type: 'positional' | 'fourier';
  readonly freq_shift: number;
  readonly flip_sin_to_cos: boolean;
  readonly down_block_types: readonly string[];
  readonly up_block_types: readonly string[];
  readonly block_out_channels: readonly number[];
  readonly layers_per_block: number;
  readonly mid_block_type: string;
  readonly mid_block_scale_factor: number;
  readonly downsample_padding: number;
  readonly downsample_type: 'conv' | 'resnet';
  readonly upsample_type: 'conv' | 'resnet';
  readonly dropout: number;
  readonly act_fn: string;
  readonly attention_head_dim: number | null;
  readonly norm_num_groups: number;
  readonly attn_norm_num_groups: number | null;
  readonly norm_eps: number;
  readonly resnet_time_scale_shift: 'default' | 'scale_shift';
  readonly add_attention: boolean;
  readonly class_embed_type: string | null;
  readonly num_class_embeds: number | null;
}

const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 1;

const size: Field<DiffusersConfig['sample_size']> = {
  fallback: null,
  rule: 'null, an integer >= 1, or two of them',
  accepts: (value) =>
    value === null || isCount(value) || (Array.isArray(value) && value.length === 2 && value.every(isCount)),
};
const countOrNull = (fallback: number | null): Field<number | null> => ({
  fallback,
  rule: 'null or an integer >= 1',
  accepts: (value) => value === null || isCount(value),
});
const text = <T extends string | null>(fallback: T): Field<T | string> => ({
  fallback,
  rule: fallback === null ? 'null or a name' : 'a name',
  accepts: (value) => typeof value === 'string' || (fallback === null && value === null),
});
const names = (...fallback: readonly string[]): Field<readonly string[]> => ({
  fallback,
  rule: 'a list of names',
  accepts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
});

const fields: Fields<DiffusersConfig> = {
  sample_size: size,
  in_channels: integerField(1, 3),
  out_channels: integerField(1, 3),
  center_input_sample: booleanField(false),
  time_embedding_type: choiceField(['positional', 'fourier'], 'positional'),
  freq_shift: integerField(0, 0),
  flip_sin_to_cos: booleanField(true),
  down_block_types: names('DownBlock2D', 'AttnDownBlock2D', 'AttnDownBlock2D', 'AttnDownBlock2D'),
  up_block_types: names('AttnUpBlock2D', 'AttnUpBlock2D', 'AttnUpBlock2D', 'UpBlock2D'),
  block_out_channels: integersField(1, 8, [224, 448, 672, 896]),
  layers_per_block: integerField(1, 2),
  mid_block_type: text('UNetMidBlock2D'),
  mid_block_scale_factor: positiveField(1),
  downsample_padding: integerField(0, 1),
  downsample_type: choiceField(['conv', 'resnet'], 'conv'),
  upsample_type: choiceField(['conv', 'resnet'], 'conv'),
  dropout: numberField(0, 1, 0),
  act_fn: text('silu'),
  attention_head_dim: countOrNull(8),
  norm_num_groups: integerField(1, 32),
  attn_norm_num_groups: countOrNull(null),
  norm_eps: positiveField(1e-5),
  resnet_time_scale_shift: choiceField(['default', 'scale_shift'], 'default'),
  add_attention: booleanField(true),
  class_embed_type: text(null),
  num_class_embeds: countOrNull(null),
};

/**
 * Translates the config of diffusers' `UNet2DModel` (with its defaults) to our config, where it is the network of
 * consistency_models: one that {@link importDiffusersUnet} then reads.
 *
 * @param config - as in `config.json`; keys that begin with an underscore are passed over
 * @param imageSize - height and width, in place of `sample_size`
 * @throws OnestepError `invalid-model` for unknown keys, wrong values and a missing size; `unsupported`, listing every
 *   reason, for a network that is not of that kind: other blocks, levels that are not mirrored, another time embedding,
 *   a middle without its attention or its norm
 */
export function fromDiffusersConfig(config: unknown, imageSize?: readonly [number, number]): AdmUnetConfig {
  const given = resolveConfig('fromDiffusersConfig', withoutPrivate(config), fields, lengthProblems);
  const reasons = foreignParts(given);
  if (reasons.length > 0) {
    throw new OnestepError(
      'unsupported',
      `fromDiffusersConfig: not the U-Net of consistency models: ${reasons.join('; ')}. Use the weights of a network that is.`,
      { details: { reasons } },
    );
  }
  const sides = imageSize ?? given.sample_size;
  if (sides === null) {
    throw new OnestepError('invalid-model', 'fromDiffusersConfig: sample_size is null. Pass the image size.');
  }
  const [height, width] = typeof sides === 'number' ? [sides, sides] : sides;
  const [modelChannels] = given.block_out_channels;
  return resolveAdmUnetConfig({
    shape: [height, width, given.in_channels],
    outChannels: given.out_channels,
    modelChannels,
    channelMultipliers: given.block_out_channels.map((channels) => channels / modelChannels),
    numResBlocks: given.layers_per_block,
    attentionResolutions: given.down_block_types.flatMap((type, level) => (hasAttention(type) ? [2 ** level] : [])),
    numHeadChannels: given.attention_head_dim ?? 0,
    scaleShiftNorm: given.resnet_time_scale_shift === 'scale_shift',
    resblockUpDown: resamplers(given)[0] !== 'conv',
    dropout: given.dropout,
    groupNormGroups: given.norm_num_groups,
    groupNormEpsilon: given.norm_eps,
    numClasses: given.num_class_embeds ?? 0,
  });
}

function withoutPrivate(config: unknown): unknown {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return config;
  return Object.fromEntries(Object.entries(config).filter(([key]) => !key.startsWith('_')));
}

function lengthProblems(given: DiffusersConfig): (string | undefined)[] {
  const levels = given.block_out_channels.length;
  return (['down_block_types', 'up_block_types'] as const).map((key) =>
    given[key].length === levels
      ? undefined
      : `${key} has ${given[key].length} names for ${levels} block_out_channels.`,
  );
}

/** What of the network ours does not have. */
function foreignParts(given: DiffusersConfig): string[] {
  const types = [...given.down_block_types, ...given.up_block_types];
  const unknown = types.filter(
    (type) => !/^(Down|Up|ResnetDownsample|ResnetUpsample|AttnDown|AttnUp)Block2D$/.test(type),
  );
  const upAttention = given.up_block_types.map(hasAttention).reverse();
  const changes = new Set(resamplers(given));
  const attended = given.block_out_channels.filter(
    (_, level) => level === given.block_out_channels.length - 1 || hasAttention(given.down_block_types[level]),
  );
  const { attention_head_dim: head, attn_norm_num_groups: middleGroups } = given;
  const normed = given.resnet_time_scale_shift === 'default' || middleGroups !== null;
  const rules: readonly (readonly [isOurs: boolean, reason: string])[] = [
    [unknown.length === 0, `blocks ${unknown.join(', ')}`],
    [
      given.down_block_types.every((type, level) => hasAttention(type) === upAttention[level]),
      'attention on one way only',
    ],
    [changes.size <= 1, 'levels joined by convolutions and by residual blocks'],
    [!changes.has('conv') || given.downsample_padding === 1, `downsample_padding ${given.downsample_padding}`],
    [
      attended.every((channels) => channels % (head ?? 1) === 0),
      `attention_head_dim ${head} that divides not every width`,
    ],
    [given.add_attention, 'add_attention false'],
    [
      normed && (middleGroups ?? given.norm_num_groups) === given.norm_num_groups,
      `attn_norm_num_groups ${middleGroups}`,
    ],
    [!given.center_input_sample, 'center_input_sample'],
    [given.time_embedding_type === 'positional', `time_embedding_type ${given.time_embedding_type}`],
    [given.freq_shift === 0 && given.flip_sin_to_cos, 'freq_shift or flip_sin_to_cos'],
    [given.mid_block_type === 'UNetMidBlock2D', `mid_block_type ${given.mid_block_type}`],
    [given.mid_block_scale_factor === 1, `mid_block_scale_factor ${given.mid_block_scale_factor}`],
    [['silu', 'swish'].includes(given.act_fn), `act_fn ${given.act_fn}`],
    [given.class_embed_type === null, `class_embed_type ${given.class_embed_type}`],
  ];
  return rules.filter(([isOurs]) => !isOurs).map(([, reason]) => reason);
}

/** How the grid changes after each level but the last, on the way down and on the way up. */
function resamplers(given: DiffusersConfig): ('conv' | 'resnet')[] {
  const of = (type: string, chosen: 'conv' | 'resnet'): 'conv' | 'resnet' =>
    hasAttention(type) ? chosen : type.startsWith('Resnet') ? 'resnet' : 'conv';
  return [
    ...given.down_block_types.slice(0, -1).map((type) => of(type, given.downsample_type)),
    ...given.up_block_types.slice(0, -1).map((type) => of(type, given.upsample_type)),
  ];
}

function hasAttention(type: string): boolean {
  return type.startsWith('Attn');
}
