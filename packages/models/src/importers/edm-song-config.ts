import {
  choiceField,
  integerField,
  integersField,
  numberField,
  resolveConfig,
  type Field,
  type Fields,
} from '../internal/config-fields';
import { resolveSongUnetConfig, type SongUnetConfig } from '../song/config';
import type { HostParams } from './read-strictly';

interface EdmSongConfig {
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
  readonly embedding_type: SongUnetConfig['embedding'];
  readonly channel_mult_noise: number;
  readonly encoder_type: SongUnetConfig['encoder'];
  readonly decoder_type: SongUnetConfig['decoder'];
  readonly resample_filter: readonly number[];
}

const filter: Field<readonly number[]> = integersField(2, 4, [1, 1]);

const fields: Fields<EdmSongConfig> = {
  img_resolution: integerField(1),
  img_channels: integerField(0, 0),
  in_channels: integerField(0, 0),
  out_channels: integerField(0, 0),
  label_dim: integerField(0, 0),
  augment_dim: integerField(0, 0),
  model_channels: integerField(2, 128),
  channel_mult: integersField(1, 8, [1, 2, 2, 2]),
  channel_mult_emb: integerField(1, 4),
  num_blocks: integerField(1, 4),
  attn_resolutions: integersField(0, 8, [16]),
  dropout: numberField(0, 1, 0.1),
  label_dropout: numberField(0, 1, 0),
  embedding_type: choiceField(['positional', 'fourier'], 'positional'),
  channel_mult_noise: integerField(1, 1),
  encoder_type: choiceField(['standard', 'skip', 'residual'], 'standard'),
  decoder_type: choiceField(['standard', 'skip'], 'standard'),
  resample_filter: filter,
};

/**
 * Translates the keyword arguments of EDM's `SongUNet` (with its defaults) to our config.
 *
 * @param config - `img_resolution`, `img_channels` (or `in_channels` and `out_channels`), `channel_mult`, ...;
 *   `attn_resolutions` are sides of the grid, and sides that no level has are passed over, as there. `label_dropout` is
 *   accepted and changes nothing: it is the trainer's.
 * @param tensors - the file of the weights; a `fourier` network needs its `map_noise.freqs`
 * @throws OnestepError `invalid-model` for unknown keys and wrong values
 */
export function fromEdmSongConfig(config: unknown, tensors: HostParams = {}): SongUnetConfig {
  const given = resolveConfig('fromEdmSongConfig', config, fields, ({ img_channels, in_channels }) => [
    img_channels + in_channels > 0 ? undefined : 'img_channels is missing; it must be an integer >= 1.',
  ]);
  const inChannels = given.in_channels > 0 ? given.in_channels : given.img_channels;
  const side = given.img_resolution;
  const frequencies = new Map(Object.entries(tensors));
  const stored = frequencies.get('map_noise.freqs') ?? frequencies.get('model.map_noise.freqs');
  return resolveSongUnetConfig({
    shape: [side, side, inChannels],
    outChannels: given.out_channels > 0 ? given.out_channels : inChannels,
    modelChannels: given.model_channels,
    channelMultipliers: given.channel_mult,
    embeddingMultiplier: given.channel_mult_emb,
    noiseMultiplier: given.channel_mult_noise,
    numResBlocks: given.num_blocks,
    attentionResolutions: given.channel_mult
      .map((_, level) => 2 ** level)
      .filter((factor) => given.attn_resolutions.includes(side / factor)),
    dropout: given.dropout,
    numClasses: given.label_dim,
    augmentChannels: given.augment_dim,
    embedding: given.embedding_type,
    fourierFrequencies: given.embedding_type === 'fourier' && stored !== undefined ? Array.from(stored.data) : [],
    encoder: given.encoder_type,
    decoder: given.decoder_type,
    resampleFilter: given.resample_filter,
  });
}
