import { mapParams } from '@onestep/tensor';
import type { PlannedNetwork } from '../params/planned-network';
import { withoutFixedTensors, withoutPrefix } from './fixed-tensors';
import { channelsFirstShape } from './layout';
import { readStrictly, type HostParams } from './read-strictly';
import { writeChannelsFirst } from './write-channels-first';

/** What the importer has to know of a network. */
export type EdmNetwork = Pick<PlannedNetwork, 'paramSpecs' | 'constants'>;

/** Names of a network inside EDM's preconditioning wrapper begin with it. */
const wrapperPrefix = 'model.';

/**
 * Brings a state dict of one of EDM's networks (`SongUNet`, `DhariwalUNet`) to our layout: OIHW to HWIO, `[out, in]` to
 * `[in, out]`. Names stay, without the wrapper's `model.`; the outputs of `qkv` keep their order.
 *
 * @param tensors - every tensor of the file, channels first, also the fixed ones: resampling filters (which may be
 *   missing) and `map_noise.freqs`
 * @param network - the network that the file is for, from {@link songUnet} or {@link dhariwalUnet}
 * @returns host tensors by name in canonical order, for `toTensor`
 * @throws {@link OnestepError} `invalid-model` if a tensor is missing, unexpected or of another shape, or if a fixed
 *   tensor of the file is not the network's
 * @see NVlabs/edm `training/networks.py`
 */
export function importEdmUnet(tensors: HostParams, network: EdmNetwork): HostParams {
  const { paramSpecs, constants = {} } = network;
  const weights = withoutFixedTensors(withoutPrefix(tensors, wrapperPrefix), constants, {
    where: 'importEdmUnet',
    isRequired: isFrequencies,
    advice: (name) =>
      isFrequencies(name)
        ? 'Pass the file to fromEdmSongConfig, or its frequencies as fourierFrequencies.'
        : 'Set resampleFilter to the one of the file.',
  });
  const sources = paramSpecs.map((spec) => ({ spec, parts: [{ name: spec.name, shape: channelsFirstShape(spec) }] }));
  return readStrictly('importEdmUnet', weights, sources);
}

/**
 * The inverse of {@link importEdmUnet}: our parameters and the fixed tensors as the reference would save them, without
 * the wrapper's prefix.
 *
 * @throws {@link OnestepError} `invalid-model` if a parameter is missing or has another shape
 */
export function exportEdmUnet(params: HostParams, network: EdmNetwork): HostParams {
  const written = writeChannelsFirst('exportEdmUnet', params, network.paramSpecs);
  return mapParams({ ...written, ...network.constants }, (tensor) => tensor);
}

function isFrequencies(name: string): boolean {
  return name === 'map_noise.freqs';
}
