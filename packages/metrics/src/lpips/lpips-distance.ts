import type { Distance } from '@onestep/core';
import { paramsFromHost, tf, type Tensor, type Tensor1D } from '@onestep/tensor';
import type { LpipsModel } from './lpips-model';
import { lpipsScores, type LpipsOptions } from './lpips-network';

/**
 * LPIPS as a distance for training: `[B, H, W, C] x [B, H, W, C] -> [B]`, images in [-1, 1], differentiable in both.
 *
 * @param model - from `loadLpips` or `lpipsModel`
 * @param options - the variant; `consistencyModelsLpips` is that of consistency models
 * @returns a distance that plugs into every objective that takes one; its name is `lpips-NET`
 * @remarks The weights are held on the host and become tensors (compiled: constants) where the distance is called, so
 * there is nothing to dispose. VGG16 costs 15 GFLOP a side for an image of 224 x 224.
 */
export function lpipsDistance(model: LpipsModel, options: LpipsOptions = {}): Distance {
  const distance = (a: Tensor, b: Tensor): Tensor1D =>
    tf.tidy(() => lpipsScores(model.net, paramsFromHost(model.weights), a, b, options).distance);
  return Object.defineProperty(distance, 'name', { value: `lpips-${model.net}` });
}
