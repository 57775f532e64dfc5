import { gaussianMixture, type GaussianMixture } from '@onestep/core';
import type { Entry } from '../golden-json';

/** The Gaussian mixture that a file describes under `gmm`. */
export function mixtureOf(gmm: Entry): GaussianMixture {
  const { shape, data } = gmm.tensor('means');
  const means = Array.from({ length: shape[0] }, (_, k) => data.slice(k * shape[1], (k + 1) * shape[1]));
  return gaussianMixture({ weights: gmm.numbers('weights'), means, stds: gmm.numbers('stds') });
}
