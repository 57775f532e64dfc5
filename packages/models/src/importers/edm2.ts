import { mapParams } from '@onestep/tensor';
import type { EdmNetwork } from './edm';
import { withoutFixedTensors, withoutPrefix } from './fixed-tensors';
import { channelsFirstShape } from './layout';
import { readStrictly, type HostParams } from './read-strictly';
import { writeChannelsFirst } from './write-channels-first';

/** Names of the network inside EDM2's preconditioning begin with it. */
const wrapperPrefix = 'unet.';

/** Names of the preconditioning's own tensors, which estimate the uncertainty of the loss at a noise level, begin with it. */
const uncertaintyPrefix = 'logvar_';

/**
 * Brings a state dict of EDM2's network (`Precond`, or the `UNet` inside it) to our layout: OIHW to HWIO, `[out, in]` to
 * `[in, out]`. Names stay, without the wrapper's `unet.`; the outputs of `attn_qkv` keep their order.
 *
 * @param tensors - every tensor of the file, channels first, also the fixed ones: `emb_fourier.freqs` and
 *   `emb_fourier.phases`
 * @param network - the network that the file is for, from {@link edm2Unet} with the config of {@link fromEdm2Config}
 * @returns host tensors by name in canonical order, for `toTensor`
 * @throws {@link OnestepError} `invalid-model` if a tensor is missing, unexpected or of another shape, or if the fixed
 *   tensors of the file are not the network's
 * @remarks `logvar_fourier` and `logvar_linear` of a whole `Precond` are left out: they belong to the loss of EDM2, which
 *   weighs noise levels by them, and no output depends on them.
 * @see NVlabs/edm2 `training/networks_edm2.py`
 */
export function importEdm2Unet(tensors: HostParams, network: EdmNetwork): HostParams {
  const { paramSpecs, constants = {} } = network;
  const own = Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.startsWith(uncertaintyPrefix)));
  const weights = withoutFixedTensors(withoutPrefix(own, wrapperPrefix), constants, {
    where: 'importEdm2Unet',
    isRequired: () => true,
    advice: () => 'Pass the file to fromEdm2Config, or its features as fourierFrequencies and fourierPhases.',
  });
  const sources = paramSpecs.map((spec) => ({ spec, parts: [{ name: spec.name, shape: channelsFirstShape(spec) }] }));
  return readStrictly('importEdm2Unet', weights, sources);
}

/**
 * The inverse of {@link importEdm2Unet}: our parameters and the fixed tensors as the reference's `UNet` would save them.
 *
 * @throws {@link OnestepError} `invalid-model` if a parameter is missing or has another shape
 */
export function exportEdm2Unet(params: HostParams, network: EdmNetwork): HostParams {
  const written = writeChannelsFirst('exportEdm2Unet', params, network.paramSpecs);
  return mapParams({ ...written, ...network.constants }, (tensor) => tensor);
}
