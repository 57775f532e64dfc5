import { nearestName } from '@onestep/tensor';
import type { FeatureNetwork } from '../features/feature-network';
import { inceptionV3, type InceptionOptions } from '../features/inception/inception-v3';
import { lenetNetwork } from '../features/lenet-network';
import type { FetchOptions } from './fetch-weights';
import { loadLenet } from './load-lenet';
import { publishedInception } from './published-weights';
import { readWeights } from './read-weights';

/** Feature networks by name. */
export const featureNetworkNames = ['inception-v3-fid', 'lenet-mnist', 'lenet-fashion-mnist'] as const;

/** Such a name. */
export type FeatureNetworkName = (typeof featureNetworkNames)[number];

/** Options of {@link loadFeatureNetwork}. */
export interface LoadFeatureNetworkOptions extends FetchOptions, Omit<InceptionOptions, 'sha256'> {
  /** Inception: path of a `.pth` or `.safetensors` file; default the published one, from the cache or fetched once over https. */
  readonly weights?: string | undefined;
  /** The sha256 the file must have, or its beginning. */
  readonly sha256?: string | undefined;
}

/**
 * Loads a feature network.
 *
 * @param name - `inception-v3-fid`, or `lenet-mnist` and `lenet-fashion-mnist`, whose weights are part of this package
 * @param options - `weights`, `sha256`, `cache`, `fetch`, `onProgress`; for Inception `input`, `outputs`, `repeatGrey`
 * @returns the network; its `params` are tensors of the current backend, the caller's to dispose
 * @throws RangeError for an unknown name, rule or output, or for options that the network does not have
 * @throws OnestepError `bad-weight-file` if the file cannot be had, has another sha256, or is of another network
 * @example
 * const network = await loadFeatureNetwork('inception-v3-fid', { weights: 'pt_inception-2015-12-05-6726825d.pth' });
 * const { pool } = network.evaluate(network.params, pixels);
 */
export async function loadFeatureNetwork(
  name: FeatureNetworkName,
  options: LoadFeatureNetworkOptions = {},
): Promise<FeatureNetwork> {
  const { weights: path, sha256, input, outputs, repeatGrey, ...fetching } = options;
  switch (name) {
    case 'inception-v3-fid': {
      const source = {
        path,
        sha256,
        published: publishedInception,
        include: (key: string) => !key.includes('AuxLogits'),
      };
      const file = await readWeights(source, fetching);
      return inceptionV3(file.weights, { sha256: file.sha256, input, outputs, repeatGrey });
    }
    case 'lenet-mnist':
    case 'lenet-fashion-mnist':
      if ([path, sha256, input, outputs, repeatGrey].some((value) => value !== undefined)) {
        throw new RangeError(
          `loadFeatureNetwork: ${name} has its weights and its input rule; it takes no options for them.`,
        );
      }
      return lenetNetwork(await loadLenet(name === 'lenet-mnist' ? 'mnist' : 'fashion-mnist'));
    default: {
      const near = nearestName(String(name), featureNetworkNames);
      throw new RangeError(
        `loadFeatureNetwork: there is no network "${String(name)}", only ${featureNetworkNames.join(', ')}.` +
          (near === undefined ? '' : ` Did you mean ${near}?`),
      );
    }
  }
}
