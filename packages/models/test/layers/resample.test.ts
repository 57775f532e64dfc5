import { tf } from '@onestep/tensor';
import { expect } from 'vitest';
import { averagePool, upsampleNearest } from '../../src/layers/resample';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

describeOnBackends('resampling', () => {
  itKeepsNoTensors('repeats every pixel in a 2 x 2 square', () => {
    tf.tidy(() => {
      const y = upsampleNearest(tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 1, 3, 2]));
      expect(y.shape).toEqual([1, 2, 6, 2]);
      expect([...y.dataSync()]).toEqual([1, 2, 1, 2, 3, 4, 3, 4, 5, 6, 5, 6, 1, 2, 1, 2, 3, 4, 3, 4, 5, 6, 5, 6]);
    });
  });

  itKeepsNoTensors('averages 2 x 2 squares', () => {
    tf.tidy(() => {
      const y = averagePool(tf.reshape(tf.range(0, 16), [1, 2, 4, 2]));
      expect(y.shape).toEqual([1, 1, 2, 2]);
      expect([...y.dataSync()]).toEqual([5, 6, 9, 10]);
    });
  });

  itKeepsNoTensors('gives the image back when pooled after upsampling', () => {
    tf.tidy(() => {
      const x = normalTensor('x', [3, 4, 5, 2]);
      expect(averagePool(upsampleNearest(x)).dataSync()).toEqual(x.dataSync());
    });
  });

  itKeepsNoTensors('has the gradients of central differences', () => {
    tf.tidy(() => {
      expectGradients(([x]) => upsampleNearest(x), [normalTensor('x', [2, 2, 3, 2])]);
      expectGradients(([x]) => averagePool(x), [normalTensor('x', [2, 4, 6, 2])]);
    });
  });
});
