import {
  drawMixture,
  float64Space,
  gaussianMixture,
  heunStep,
  karrasSigmas,
  type GaussianMixture,
  type GaussianMixtureOptions,
} from '@onestep/core';
import type { PointSet } from '@onestep/metrics';
import { hostTensor, randomStream, type HostTensor } from '@onestep/tensor';
import type { BatchSource } from '@onestep/training';

/** A mixture with everything about it that is known. */
export interface MixtureProblem {
  readonly name: '2d' | '16d';
  readonly dimensions: number;
  readonly mixture: GaussianMixture;
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** Exact draws `[count, d]` of a named purpose. */
  readonly draw: (seed: number, purpose: string, count: number, batchNumber?: number) => HostTensor;
}

/** Four unequal clusters in the plane, std about 0.5 in all. */
const plane: GaussianMixtureOptions = {
  weights: [0.35, 0.3, 0.2, 0.15],
  means: [
    [0.6, 0.3],
    [-0.5, 0.45],
    [-0.25, -0.65],
    [0.55, -0.5],
  ],
  stds: [0.12, 0.08, 0.15, 0.05],
};

/** Six clusters in sixteen dimensions, their centres at random on a sphere of radius 2: std about 0.5 a coordinate. */
const space: GaussianMixtureOptions = {
  weights: [0.25, 0.2, 0.2, 0.15, 0.1, 0.1],
  means: Array.from({ length: 6 }, (_, k) => {
    const direction = [...randomStream(16, 'study.centres', k).normal(16)];
    const length = Math.hypot(...direction);
    return direction.map((value) => (2 * value) / length);
  }),
  stds: [0.15, 0.2, 0.1, 0.15, 0.2, 0.1],
};

/** The two test beds of the study. */
export function mixtureProblem(name: MixtureProblem['name']): MixtureProblem {
  const components = name === '2d' ? plane : space;
  const dimensions = components.means[0].length;
  return {
    name,
    dimensions,
    mixture: gaussianMixture(components),
    sigmaMin: 0.01,
    sigmaMax: 20,
    draw: (seed, purpose, count, batchNumber = 0) =>
      hostTensor(drawMixture(components, { seed, purpose, count, first: batchNumber * count }), [count, dimensions]),
  };
}

/** Training batches: batch n always the same. */
export function mixtureBatches({ draw }: MixtureProblem, batchSize: number, seed: number): BatchSource {
  return (batchNumber) => ({ images: draw(seed, 'study.data', batchSize, batchNumber) });
}

/**
 * Where the PF ODE takes the noise: Heun's method on the exact denoiser in double precision.
 *
 * @param noise - unit Gaussian `[N, d]`
 * @param points - of the grid; 400 leave an error of about 1e-6
 */
export function exactEnds({ mixture, sigmaMin, sigmaMax }: MixtureProblem, noise: HostTensor, points = 400): PointSet {
  const grid = karrasSigmas(points, { sigmaMin, sigmaMax });
  const start = Float64Array.from(noise.data, (value) => value * sigmaMax);
  const data = grid
    .slice(1)
    .reduce<Float64Array>((x, next, i) => heunStep(float64Space, mixture.denoise, x, grid[i], next), start);
  return { shape: noise.shape, data };
}
