import {
  disposeParams,
  paramsFromHost,
  tf,
  toTensor,
  type Params,
  type Tensor2D,
  type Tensor4D,
} from '@onestep/tensor';
import { MomentStatistics } from '../statistics/moment-statistics';
import { imageBatches, type ImageSource } from './image-batches';
import type { LenetModel } from './lenet-model';
import { lenetFeatures, lenetFeatureWidth } from './network';

/** A function made to run faster; `compile` of `@onestep/compile` makes such functions. */
export type CompileFeatures = (
  features: (params: Params, images: Tensor4D) => Tensor2D,
  example: [params: Params, images: Tensor4D],
  options: { readonly constants: readonly number[] },
) => Promise<((params: Params, images: Tensor4D) => Promise<Tensor2D>) & { dispose(): Promise<void> }>;

/** How features are computed. */
export interface LenetFeatureOptions {
  /** Images through the network at once, integer in [1, 4096]; default 250. */
  readonly batchSize?: number | undefined;
  /** `compile` of `@onestep/compile`, to run the network as one graph; default: op by op on the current backend. */
  readonly compile?: CompileFeatures | undefined;
}

/**
 * Statistics of the features of images. Shards of a set are merged by `MomentStatistics.merge`.
 *
 * @param model - from `loadLenet`
 * @param images - grey images in [-1, 1], 28 or 32 pixels wide; clipped and rounded to 256 levels
 * @returns statistics of dimension 64
 * @throws {@link RangeError} if the images have another shape; OnestepError `non-finite` for NaN
 * @remarks Memory does not grow with the number of images. Every batch has the same size, and so do the numbers of an
 * image whatever else is in its batch, up to the backend's own rounding.
 */
export async function lenetStatistics(
  model: Pick<LenetModel, 'weights'>,
  images: ImageSource,
  { batchSize = 250, compile }: LenetFeatureOptions = {},
): Promise<MomentStatistics> {
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > 4096) {
    throw new RangeError(`lenetStatistics: batchSize must be an integer in [1, 4096], got ${batchSize}.`);
  }
  const statistics = new MomentStatistics(lenetFeatureWidth);
  const params = paramsFromHost(model.weights);
  let compiled: Awaited<ReturnType<CompileFeatures>> | undefined;
  try {
    for await (const batch of imageBatches(images, batchSize)) {
      const input = toTensor(batch.images) as Tensor4D;
      try {
        if (compile !== undefined) compiled ??= await compile(lenetFeatures, [params, input], { constants: [0] });
        const features = compiled === undefined ? lenetFeatures(params, input) : await compiled(params, input);
        try {
          statistics.add((await features.data()).subarray(0, batch.count * lenetFeatureWidth));
        } finally {
          tf.dispose(features);
        }
      } finally {
        tf.dispose(input);
      }
    }
  } finally {
    disposeParams(params);
    await compiled?.dispose();
  }
  return statistics;
}
