import { lenetClasses, lenetFeatureWidth, lenetFlatWidth } from '@onestep/metrics';
import { hostTensor, randomStream, type HostTensor } from '@onestep/tensor';
import type { LabelledBytes } from './bytes';
import type { LenetRecipe } from './recipe';

const side = 28;
const paddedSide = 32;

/** Images, labels and dropout masks of one step, as a function of (seed, step) alone. */
export function stepInputs(
  recipe: LenetRecipe,
  data: LabelledBytes,
  indices: Uint32Array,
  step: number,
): Record<string, HostTensor> {
  const { seed, maxShift, flips, dropout } = recipe;
  const count = indices.length;
  const stream = randomStream(seed, 'lenet.augment', step);
  const shifts = stream.integers(2 * count, 2 * maxShift + 1);
  const mirrored = stream.integers(count, 2);
  const images = new Float32Array(count * paddedSide * paddedSide).fill(-1);
  const labels = new Float32Array(count * lenetClasses);
  for (let i = 0; i < count; i += 1) {
    const source = data.pixels.subarray(indices[i] * side * side);
    const top = 2 + shifts[2 * i] - maxShift;
    const left = 2 + shifts[2 * i + 1] - maxShift;
    const mirror = flips && mirrored[i] === 1;
    for (let y = 0; y < side; y += 1) {
      const row = (i * paddedSide + y + top) * paddedSide + left;
      for (let x = 0; x < side; x += 1) {
        images[row + x] = source[y * side + (mirror ? side - 1 - x : x)] / 127.5 - 1;
      }
    }
    labels[i * lenetClasses + data.labels[indices[i]]] = 1;
  }
  const masks = randomStream(seed, 'lenet.dropout', step);
  return {
    images: hostTensor(images, [count, paddedSide, paddedSide, 1]),
    labels: hostTensor(labels, [count, lenetClasses]),
    'dropout.flat': dropoutMask(masks.uniform(count * lenetFlatWidth), dropout.flat, [count, lenetFlatWidth]),
    'dropout.features': dropoutMask(masks.uniform(count * lenetFeatureWidth), dropout.features, [
      count,
      lenetFeatureWidth,
    ]),
  };
}

/** 0 with the given probability, else 1 / (1 - probability). */
function dropoutMask(draws: Float32Array, probability: number, shape: readonly number[]): HostTensor {
  return hostTensor(
    draws.map((draw) => (draw < probability ? 0 : 1 / (1 - probability))),
    shape,
  );
}
