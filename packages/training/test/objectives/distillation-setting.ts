import { gaussianMixture, rectifiedFlowPreconditioning, type Network } from '@onestep/core';
import { mapParams, randomStream, tf, toTensor, type Params } from '@onestep/tensor';
import { modelOf, type Model, type Objective, type ObjectiveBatch } from '@onestep/training';
import { ringBatches, tinyNetwork } from '../tiny-network';

/** The step of a run that the tests look at. */
export const request = { seed: 1, batchSize: 4, shape: [2], step: 30, totalSteps: 100, imagesSeen: 120 };

/** Gaussian data, and their exact denoiser. */
export const data = { mean: [0.3, -0.2], std: 0.5 };
export const exact = gaussianMixture({ weights: [1], means: [data.mean], stds: [data.std] }).denoiser;

export const plainNetwork = tinyNetwork({ d: 2, hidden: 4 });
export const jumpingNetwork = tinyNetwork({ d: 2, hidden: 4, secondTime: true });

/** Weights of a network from streams of its parameters' names. */
export function freshParams(network: Network, seed = 3): Params {
  return network.init((name) => randomStream(seed, name));
}

/** A batch of four points with the objective's draws. */
export function batchOf(objective: Objective): ObjectiveBatch {
  return {
    images: toTensor(ringBatches(4)(0).images),
    draws: mapParams(objective.draws(request), toTensor),
    condition: {},
    ...(objective.needs.pairs === true
      ? { pairNoise: tf.tensor2d([0.3, -1, 0.5, 1.2, -0.7, 0.1, 2, -0.4], [4, 2]) }
      : {}),
  };
}

/** A model known in closed form, in the place of a network's. */
export function known(parts: Partial<Model>): Model {
  return {
    ...modelOf(plainNetwork, rectifiedFlowPreconditioning())({}),
    ...parts,
    withParams: () => known(parts),
  };
}
