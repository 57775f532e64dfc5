import { OnestepError } from '@onestep/tensor';
import { admUnet } from '../adm/adm-unet';
import type { AdmUnetOptions } from '../adm/config';
import type { DhariwalUnetOptions } from '../dhariwal/config';
import { dhariwalUnet } from '../dhariwal/dhariwal-unet';
import type { Edm2UnetOptions } from '../edm2/config';
import { edm2Unet } from '../edm2/edm2-unet';
import { suggestion } from '../internal/suggestion';
import { mlp, type MlpOptions } from '../mlp/mlp';
import type { PlannedNetwork } from '../params/planned-network';
import { presetNames, presets, type NetworkRecord, type PresetName } from '../presets/presets';
import type { SongUnetOptions } from '../song/config';
import { songUnet } from '../song/song-unet';

/** What a model file or a recipe says about a network: a config, or a preset and what differs from it. */
export interface NetworkDescription {
  /** Architecture, one of {@link networkNames}. May be left out beside a preset. */
  readonly name?: string | undefined;
  readonly config?: unknown;
  /** One of {@link presetNames}; keys of `config` then replace the preset's. */
  readonly preset?: string | undefined;
}

// The factories check their config themselves: it comes from outside, whatever its type says.
const factories: Readonly<Record<NetworkRecord['name'], (config: never) => PlannedNetwork>> = {
  'adm-unet': (config: AdmUnetOptions) => admUnet(config),
  'dhariwal-unet': (config: DhariwalUnetOptions) => dhariwalUnet(config),
  'edm2-unet': (config: Edm2UnetOptions) => edm2Unet(config),
  mlp: (config: MlpOptions) => mlp(config),
  'song-unet': (config: SongUnetOptions) => songUnet(config),
};

/** Architectures that {@link networkFromConfig} knows. */
export const networkNames: readonly NetworkRecord['name'][] = Object.keys(factories) as NetworkRecord['name'][];

/**
 * Builds the network that a model file or a recipe describes.
 *
 * @param description - `{ name, config }` or `{ preset }`; `network.name` and `network.config` of any network of this
 *   package describe it again
 * @throws {@link OnestepError} `invalid-model` for an unknown name, preset or key (with the nearest known one) and for every
 *   wrong value, all at once
 * @example
 * ```ts
 * const network = networkFromConfig({ preset: 'mnist-tiny', config: { numClasses: 10 } });
 * ```
 */
export function networkFromConfig({ name, config, preset }: NetworkDescription): PlannedNetwork {
  if (preset === undefined) {
    const factory = factories[known('network', name ?? '', networkNames)];
    return factory(config as never);
  }
  const base: NetworkRecord = presets[known('preset', preset, presetNames)];
  if (name !== undefined && name !== base.name) {
    throw new OnestepError(
      'invalid-model',
      `networkFromConfig: preset "${preset}" is a "${base.name}", but name is "${name}". Leave name out.`,
    );
  }
  if (config !== undefined && (typeof config !== 'object' || config === null)) {
    throw new OnestepError('invalid-model', 'networkFromConfig: config must be an object of keys to replace.');
  }
  return factories[base.name]({ ...base.config, ...config } as never);
}

/**
 * A preset by name.
 *
 * @param preset - see the table at {@link presetNames}
 * @param config - keys that differ from it, for example `{ numClasses: 10 }`
 * @throws OnestepError as {@link networkFromConfig}
 */
export function networkPreset(
  preset: PresetName,
  config:
    | Partial<AdmUnetOptions>
    | Partial<DhariwalUnetOptions>
    | Partial<Edm2UnetOptions>
    | Partial<MlpOptions>
    | Partial<SongUnetOptions> = {},
): PlannedNetwork {
  return networkFromConfig({ preset, config });
}

function known<Name extends string>(what: string, name: string, names: readonly Name[]): Name {
  const found = names.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  throw new OnestepError('invalid-model', `networkFromConfig: unknown ${what} "${name}". ${suggestion(name, names)}`, {
    details: { name, known: names },
  });
}
