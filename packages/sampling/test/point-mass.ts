import type { Model } from '../src';

/** Ideal denoiser of a data set with the single element `y`: D(x, sigma) = y. */
export function pointMass(y: readonly number[]): Model<Float64Array> {
  return () => Float64Array.from(y);
}

/** A fixed, irregular stand-in for noise: draw `k` of length `size`. */
export function fakeNoise(size: number): (k: number) => Float64Array {
  return (k) => Float64Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (k + 1) + 78.233 * i) * 1.4);
}
