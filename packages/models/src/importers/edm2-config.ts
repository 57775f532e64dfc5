import { resolveEdm2UnetConfig, type Edm2UnetConfig } from '../edm2/config';
import {
  booleanField,
  integerField,
  integersField,
  numberField,
  positiveField,
  resolveConfig,
  type Fields,
} from '../internal/config-fields';
import type { HostParams } from './read-strictly';

/** Keyword arguments of EDM2's `Precond`, `UNet` and `Block`, which one record holds. */
interface Edm2Config {
  readonly img_resolution: number;
  readonly img_channels: number;
  readonly label_dim: number;
  readonly model_channels: number;
  readonly channel_mult: readonly number[];
  readonly channel_mult_noise: number;
  readonly channel_mult_emb: number;
  readonly num_blocks: number;
  readonly attn_resolutions: readonly number[];
  readonly label_balance: number;
  readonly concat_balance: number;
  readonly resample_filter: readonly number[];
  readonly channels_per_head: number;
  readonly dropout: number;
  readonly dropout_res: number;
  readonly res_balance: number;
  readonly attn_balance: number;
  readonly clip_act: number;
  readonly use_fp16: boolean;
  readonly sigma_data: number;
  readonly logvar_channels: number;
}

const fields: Fields<Edm2Config> = {
  img_resolution: integerField(1),
  img_channels: integerField(1),
  label_dim: integerField(0),
  model_channels: integerField(1, 192),
  channel_mult: integersField(1, 8, [1, 2, 3, 4]),
  // 0 stands for None in all of these.
  channel_mult_noise: integerField(0, 0),
  channel_mult_emb: integerField(0, 0),
  num_blocks: integerField(1, 3),
  attn_resolutions: integersField(0, 8, [16, 8]),
  label_balance: numberField(0, 1, 0.5),
  concat_balance: numberField(0, 1, 0.5),
  resample_filter: { ...integersField(2, 2, [1, 1]), rule: '[1, 1]', accepts: (value) => String(value) === '1,1' },
  channels_per_head: integerField(1, 64),
  dropout: numberField(0, 1, 0),
  dropout_res: numberField(0, Infinity, 0),
  res_balance: numberField(0, 1, 0.3),
  attn_balance: numberField(0, 1, 0.3),
  clip_act: numberField(0, Infinity, 256),
  use_fp16: booleanField(true),
  sigma_data: positiveField(0.5),
  logvar_channels: integerField(1, 128),
};

/** Keys that may be None, and what that means here. */
const noneValues = { channel_mult_noise: 0, channel_mult_emb: 0, dropout_res: 0, clip_act: 0 };

/**
 * Translates the keyword arguments of EDM2's `Precond` or `UNet` (with their defaults) to our config.
 *
 * @param config - `img_resolution`, `img_channels`, `label_dim`, `model_channels`, ..., `None` as null; `attn_resolutions`
 *   are sides of the grid, and sides that no level has are passed over, as there. `dropout_res` of ECT is the largest side
 *   with dropout. `use_fp16`, `sigma_data` and `logvar_channels` are accepted and change nothing: they belong to the
 *   arithmetic, the preconditioning and the loss.
 * @param tensors - the file of the weights: its `emb_fourier.freqs` and `emb_fourier.phases` become part of the config,
 *   since the weights mean nothing without them
 * @throws OnestepError `invalid-model` for unknown keys and wrong values
 * @see NVlabs/edm2 `training/networks_edm2.py`; locuslab/ect, branch imgnet, for `dropout_res`
 */
export function fromEdm2Config(config: unknown, tensors: HostParams = {}): Edm2UnetConfig {
  const given = resolveConfig('fromEdm2Config', withoutNone(config), fields);
  const { img_resolution: side, channel_mult: multipliers, dropout_res: largest } = given;
  const factors = multipliers.map((_, level) => 2 ** level);
  const file = new Map(Object.entries(tensors));
  const stored = (name: string): number[] => {
    const tensor = file.get(name) ?? file.get(`unet.${name}`);
    return tensor === undefined ? [] : Array.from(tensor.data);
  };
  return resolveEdm2UnetConfig({
    shape: [side, side, given.img_channels],
    modelChannels: given.model_channels,
    channelMultipliers: multipliers,
    embeddingMultiplier: given.channel_mult_emb || undefined,
    noiseMultiplier: given.channel_mult_noise || undefined,
    numResBlocks: given.num_blocks,
    attentionResolutions: factors.filter((factor) => given.attn_resolutions.includes(side / factor)),
    numHeadChannels: given.channels_per_head,
    dropout: given.dropout,
    dropoutResolutions: largest === 0 ? factors : factors.filter((factor) => side / factor <= largest),
    numClasses: given.label_dim,
    labelBalance: given.label_balance,
    concatBalance: given.concat_balance,
    residualBalance: given.res_balance,
    attentionBalance: given.attn_balance,
    activationLimit: given.clip_act,
    fourierFrequencies: stored('emb_fourier.freqs'),
    fourierPhases: stored('emb_fourier.phases'),
  });
}

function withoutNone(config: unknown): unknown {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return config;
  const entries = Object.entries(config).map(([key, value]: [string, unknown]) => [
    key,
    value === null && Object.hasOwn(noneValues, key) ? noneValues[key as keyof typeof noneValues] : value,
  ]);
  return Object.fromEntries(entries) as unknown;
}
