import { resolveDhariwalUnetConfig, type DhariwalUnetConfig } from '../dhariwal/config';
import { resolveConfig } from '../internal/config-fields';
import { commonConfig, edmFields, edmProblems } from './edm-config';

const fields = edmFields({
  model_channels: 192,
  channel_mult: [1, 2, 3, 4],
  num_blocks: 3,
  attn_resolutions: [32, 16, 8],
});

/**
 * Translates the keyword arguments of EDM's `DhariwalUNet` (with its defaults) to our config.
 *
 * @param config - `img_resolution`, `img_channels` (or `in_channels` and `out_channels`), `channel_mult`, ...;
 *   `attn_resolutions` are sides of the grid, and sides that no level has are passed over, as there. `label_dropout` is
 *   accepted and changes nothing: it is the trainer's.
 * @throws OnestepError `invalid-model` for unknown keys and wrong values
 */
export function fromEdmDhariwalConfig(config: unknown): DhariwalUnetConfig {
  return resolveDhariwalUnetConfig(commonConfig(resolveConfig('fromEdmDhariwalConfig', config, fields, edmProblems)));
}
