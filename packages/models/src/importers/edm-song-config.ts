import { choiceField, integerField, numbersField, resolveConfig, type Fields } from '../internal/config-fields';
import { resolveSongUnetConfig, type SongUnetConfig } from '../song/config';
import { commonConfig, edmFields, edmProblems, type EdmConfig } from './edm-config';
import type { HostParams } from './read-strictly';

interface EdmSongConfig extends EdmConfig {
  readonly embedding_type: SongUnetConfig['embedding'];
  readonly channel_mult_noise: number;
  readonly encoder_type: SongUnetConfig['encoder'];
  readonly decoder_type: SongUnetConfig['decoder'];
  readonly resample_filter: readonly number[];
}

const fields: Fields<EdmSongConfig> = {
  ...edmFields({ model_channels: 128, channel_mult: [1, 2, 2, 2], num_blocks: 4, attn_resolutions: [16] }),
  embedding_type: choiceField(['positional', 'fourier'], 'positional'),
  channel_mult_noise: integerField(1, 1),
  encoder_type: choiceField(['standard', 'skip', 'residual'], 'standard'),
  decoder_type: choiceField(['standard', 'skip'], 'standard'),
  resample_filter: numbersField([1, 1]),
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
  const given = resolveConfig('fromEdmSongConfig', config, fields, edmProblems);
  const frequencies = new Map(Object.entries(tensors));
  const stored = frequencies.get('map_noise.freqs') ?? frequencies.get('model.map_noise.freqs');
  return resolveSongUnetConfig({
    ...commonConfig(given),
    noiseMultiplier: given.channel_mult_noise,
    embedding: given.embedding_type,
    fourierFrequencies: given.embedding_type === 'fourier' && stored !== undefined ? Array.from(stored.data) : [],
    encoder: given.encoder_type,
    decoder: given.decoder_type,
    resampleFilter: given.resample_filter,
  });
}
