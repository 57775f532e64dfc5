import { tf } from '@onestep/tensor';
import { expect } from 'vitest';
import { scaledSinusoids, timestepEmbedding } from '../../src/layers/timestep-embedding';
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

  itKeepsNoTensors('multiplies the time by its scale', () => {
    tf.tidy(() => {
      const scaled = scaledSinusoids(tf.tensor1d([0.5, -2]), { sinusoids: 6, scale: 8 });
      expect(scaled.dataSync()).toEqual(timestepEmbedding(tf.tensor1d([4, -16]), 6).dataSync());
    });
  });
});
