import { tf } from '@onestep/tensor';
import { expect } from 'vitest';
import { fromPatches, toPatches } from '../../src/layers/patches';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

describeOnBackends('patches', () => {
  itKeepsNoTensors('orders a square by row, column, channel', () => {
    tf.tidy(() => {
      const y = toPatches(tf.reshape(tf.range(0, 16), [1, 4, 4, 1]), 2);
      expect(y.shape).toEqual([1, 2, 2, 4]);
      expect([...y.dataSync()]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
    });
  });

  for (const size of [1, 2, 4]) {
    itKeepsNoTensors(`comes back unchanged for squares of ${size}`, () => {
      tf.tidy(() => {
        const x = normalTensor('x', [3, 8, 12, 2]);
        const y = toPatches(x, size);
        expect(y.shape).toEqual([3, 8 / size, 12 / size, 2 * size * size]);
        expect(fromPatches(y, size).dataSync()).toEqual(x.dataSync());
      });
    });
  }

  itKeepsNoTensors('has the gradients of central differences', () => {
    tf.tidy(() => {
      expectGradients(([x]) => toPatches(x, 2), [normalTensor('x', [2, 4, 6, 1])]);
      expectGradients(([x]) => fromPatches(x, 2), [normalTensor('x', [2, 2, 3, 8])]);
    });
  });
});
