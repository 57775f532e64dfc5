import { admUnet } from '../adm/adm-unet';
import type { AdmUnetOptions } from '../adm/config';
import { channelsFirstShape } from './layout';
import { readStrictly, type HostParams } from './read-strictly';
import { writeChannelsFirst } from './write-channels-first';

/**
 * Brings a state dict of consistency_models' `UNetModel` to our layout: OIHW to HWIO, `[out, in]` to `[in, out]`, the
 * 1 x 1 convolutions of attention (stored as `[out, in]` with none, one or two trailing ones) to `[in, out]`. Names stay.
 *
 * @param tensors - every tensor of the file, channels first
 * @param config - the network's config, see {@link fromOpenAiConfig}
 * @returns host tensors by name in canonical order, for `toTensor`
 * @throws {@link OnestepError} `invalid-model` if a tensor is missing, unexpected or of another shape
 * @remarks The q, k, v channels of guided-diffusion's older attention lie in another order (head first): such a file has
 *   the same shapes, loads without an error and gives noise.
 */
export function importOpenAiUnet(tensors: HostParams, config: AdmUnetOptions): HostParams {
  const sources = admUnet(config).paramSpecs.map((spec) => ({
    spec,
    parts: [{ name: spec.name, shape: channelsFirstShape(spec) }],
  }));
  return readStrictly('importOpenAiUnet', tensors, sources);
}

/**
 * The inverse of {@link importOpenAiUnet}: our parameters as the reference would save them.
 *
 * @throws {@link OnestepError} `invalid-model` if a parameter is missing or has another size
 */
export function exportOpenAiUnet(params: HostParams, config: AdmUnetOptions): HostParams {
  return writeChannelsFirst('exportOpenAiUnet', params, admUnet(config).paramSpecs);
}
