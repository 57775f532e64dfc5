import { gaussianMixture } from '../../src';

/** Three components in the plane: small enough for milliseconds, curved enough for orders. */
export const plane = gaussianMixture({
  weights: [1, 2, 1],
  means: [
    [0.8, -0.6],
    [-0.5, 0.1],
    [0.2, 0.9],
  ],
  stds: [0.3, 0.5, 0.4],
});
