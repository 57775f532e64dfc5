import { tf } from '@onestep/tensor';
import { expect } from 'vitest';
import { noiseEmbedding, noiseEmbeddingParams, timestepEmbedding } from '../../src/layers/timestep-embedding';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

describeOnBackends('timestepEmbedding', () => {
  itKeepsNoTensors('puts cosines before sines and slows down by maxPeriod^(1 / half)', () => {
    tf.tidy(() => {
      const values = timestepEmbedding(tf.tensor1d([3, -250]), 4).dataSync();
      const expected = [3, -250].flatMap((t) => [Math.cos(t), Math.cos(t / 100), Math.sin(t), Math.sin(t / 100)]);
      values.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i], 5);
      });
    });
  });

  itKeepsNoTensors('adds nothing for a label row of zeros', () => {
    tf.tidy(() => {
      const specs = noiseEmbeddingParams({ sinusoids: 4, width: 8, numClasses: 3 });
      const params = Object.fromEntries(specs.map(({ name, shape }) => [name, normalTensor(name, shape)]));
      const cNoise = tf.tensor1d([0.3, 0.7]);
      const without = noiseEmbedding(params, { cNoise }, 4).dataSync();
      expect(noiseEmbedding(params, { cNoise, labels: tf.zeros([2, 3]) }, 4).dataSync()).toEqual(without);
      expect(noiseEmbedding(params, { cNoise, labels: tf.ones([2, 3]) }, 4).dataSync()).not.toEqual(without);
    });
  });

  itKeepsNoTensors('has the gradients of central differences', () => {
    tf.tidy(() => {
      const specs = noiseEmbeddingParams({ sinusoids: 4, width: 8, numClasses: 3 });
      expectGradients(
        ([cNoise, labels, ...weights]) =>
          noiseEmbedding(Object.fromEntries(specs.map(({ name }, i) => [name, weights[i]])), { cNoise, labels }, 4),
        [
          normalTensor('t', [2]),
          normalTensor('labels', [2, 3]),
          ...specs.map(({ name, shape }) => normalTensor(name, shape)),
        ],
      );
    });
  });
});
