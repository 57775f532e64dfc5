import { randomStream } from '@onestep/tensor';

/** N points from a Gaussian with unit variance around `mean`. */
export function gaussianPoints(count: number, mean: readonly number[], seed: number) {
  const dimension = mean.length;
  const data = Float64Array.from(randomStream(seed, 'test.points').normal(count * dimension));
  for (let i = 0; i < data.length; i += 1) data[i] += mean[i % dimension];
  return { shape: [count, dimension], data };
}

/** The same points in another order. */
export function shuffled(
  { shape, data }: { readonly shape: readonly number[]; readonly data: Float64Array },
  seed: number,
) {
  const [count, dimension] = shape;
  const out = new Float64Array(data.length);
  randomStream(seed, 'test.order')
    .permutation(count)
    .forEach((from, to) => out.set(data.subarray(from * dimension, (from + 1) * dimension), to * dimension));
  return { shape, data: out };
}
