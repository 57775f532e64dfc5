import { describe, expect, it } from 'vitest';
import { stepInputs } from '../src/inputs';
import { lenetRecipes } from '../src/recipe';

const pixels = new Uint8Array(2 * 784).map((_, i) => (i * 7) % 256);
const data = { id: 'made', count: 2, pixels, labels: Uint8Array.of(3, 9) };
const indices = Uint32Array.of(1, 0, 1);

describe('inputs of a training step', () => {
  it('depend on seed and step alone', () => {
    const recipe = lenetRecipes.mnist;
    expect(stepInputs(recipe, data, indices, 4)).toEqual(stepInputs(recipe, data, indices, 4));
    expect(stepInputs(recipe, data, indices, 4)).not.toEqual(stepInputs(recipe, data, indices, 5));
  });

  it('hold every pixel of the image, shifted', () => {
    const { images, labels } = stepInputs(lenetRecipes['fashion-mnist'], data, indices, 0);
    expect(images.shape).toEqual([3, 32, 32, 1]);
    expect(Array.from(labels.data.subarray(0, 10))).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    const sorted = (values: Float32Array) => Array.from(values).sort((a, b) => a - b);
    const image = Float32Array.from(pixels.subarray(784), (byte) => byte / 127.5 - 1);
    const border = new Float32Array(1024 - 784).fill(-1);
    expect(sorted(images.data.slice(0, 1024) as Float32Array)).toEqual(sorted(Float32Array.of(...image, ...border)));
  });

  it('drop entries with the stated probability and keep the mean', () => {
    const { 'dropout.flat': mask } = stepInputs(lenetRecipes.mnist, data, indices, 0);
    const values = Array.from(mask.data);
    expect(new Set(values.map((value) => value.toFixed(4)))).toEqual(new Set(['0.0000', '1.1111']));
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(1, 1);
  });
});
