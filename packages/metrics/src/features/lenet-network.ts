import { paramsFromHost, tf, type Tensor4D } from '@onestep/tensor';
import type { LenetModel } from '../lenet/lenet-model';
import { lenetClasses, lenetFeatures, lenetFeatureWidth, lenetLogits } from '../lenet/network';
import type { FeatureNetwork } from './feature-network';

/** How bytes become the classifier's input, as receipts state it. */
export const lenetPreprocessing = '2 x / 255 - 1, padded to 32 x 32 with -1';

/**
 * The classifier of FD-LeNet as a feature network: `pool`, its 64 penultimate activations, and `logits` of the ten classes.
 *
 * @param model - from `loadLenet`
 * @returns the network; its `params` are tensors of the current backend, the caller's to dispose
 * @remarks Distances in these features are FD-LeNet and never FID.
 */
export function lenetNetwork(model: Pick<LenetModel, 'dataset' | 'weights' | 'weightsSha256'>): FeatureNetwork {
  return {
    name: `lenet-${model.dataset}`,
    sha256: model.weightsSha256,
    channels: 1,
    preprocessing: lenetPreprocessing,
    outputs: { pool: lenetFeatureWidth, logits: lenetClasses },
    params: paramsFromHost(model.weights),
    evaluate: (params, pixels) =>
      tf.tidy(() => {
        const pool = lenetFeatures(params, tf.sub<Tensor4D>(tf.div(pixels, 127.5), 1));
        return { pool, logits: lenetLogits(params, pool) };
      }),
  };
}
