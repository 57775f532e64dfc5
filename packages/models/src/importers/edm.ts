import { mapParams, OnestepError, type HostTensor } from '@onestep/tensor';
import type { PlannedNetwork } from '../params/planned-network';
import { channelsFirstShape } from './layout';
import { readStrictly, type HostParams } from './read-strictly';
import { writeChannelsFirst } from './write-channels-first';

/** What the importer has to know of a network. */
export type EdmNetwork = Pick<PlannedNetwork, 'paramSpecs' | 'constants'>;

/** Names of a network inside EDM's preconditioning wrapper begin with it. */
const wrapperPrefix = 'model.';

/** The fixed tensors of a file are float32 numbers computed from the same formula. */
const constantTolerance = 1e-6;

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
  const given = withoutPrefix(tensors);
  const weights: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(given)) {
    if (Object.hasOwn(constants, name)) checkConstant(name, tensor, constants[name]);
    else weights[name] = tensor;
  }
  const lost = Object.keys(constants).filter((name) => isFrequencies(name) && !Object.hasOwn(given, name));
  if (lost.length > 0) {
    throw new OnestepError(
      'invalid-model',
      `importEdmUnet: the file lacks "${lost.join('", "')}", the frequencies that its weights were trained with. Use a file that has them.`,
      { details: { missing: lost, unexpected: [], misshapen: [] } },
    );
  }
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

function withoutPrefix(tensors: HostParams): HostParams {
  const entries = Object.entries(tensors);
  if (entries.length === 0 || !entries.every(([name]) => name.startsWith(wrapperPrefix))) return tensors;
  return Object.fromEntries(entries.map(([name, tensor]) => [name.slice(wrapperPrefix.length), tensor]));
}

function isFrequencies(name: string): boolean {
  return name === 'map_noise.freqs';
}

function checkConstant(name: string, tensor: HostTensor, expected: HostTensor): void {
  const data = Float32Array.from(tensor.data);
  const sameShape = tensor.shape.join() === expected.shape.join();
  const close = (value: number, i: number): boolean =>
    Math.abs(value - expected.data[i]) <= constantTolerance * (1 + Math.abs(expected.data[i]));
  if (sameShape && data.every(close)) return;
  const advice = isFrequencies(name)
    ? 'Pass the file to fromEdmSongConfig, or its frequencies as fourierFrequencies.'
    : 'Set resampleFilter to the one of the file.';
  throw new OnestepError(
    'invalid-model',
    `importEdmUnet: "${name}" of the file is not the network's. The file was made with another config. ${advice}`,
    { details: { name } },
  );
}
