import { tf } from '@onestep/tensor';
import { expect } from 'vitest';
import { dropout } from '../../src/layers/dropout';
import { linear } from '../../src/layers/linear';
import { silu } from '../../src/layers/silu';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

describeOnBackends('layers on vectors', () => {
  itKeepsNoTensors('linear multiplies rows by an [in, out] matrix and adds the bias', () => {
    tf.tidy(() => {
      const params = { 'l.weight': tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]), 'l.bias': tf.tensor1d([10, 20, 30]) };
      expect([...linear(params, 'l', tf.tensor2d([1, -1], [1, 2])).dataSync()]).toEqual([7, 17, 27]);
    });
  });

  itKeepsNoTensors('linear and silu have the gradients of central differences', () => {
    tf.tidy(() => {
      expectGradients(
        ([x, weight, bias]) => silu(linear({ 'l.weight': weight, 'l.bias': bias }, 'l', x)),
        [normalTensor('x', [3, 4]), normalTensor('w', [4, 2]), normalTensor('b', [2])],
      );
    });
  });

  itKeepsNoTensors('dropout multiplies by the mask of its site and by no other', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2, 3]);
      const masks = { here: tf.tensor1d([0, 2, 2]) };
      expect([...dropout(x, masks, 'here').dataSync()]).toEqual([0, 4, 6]);
      expect(dropout(x, masks, 'there')).toBe(x);
      expect(dropout(x, undefined, 'here')).toBe(x);
    });
  });

  itKeepsNoTensors('names the parameter that a record lacks', () => {
    tf.tidy(() => {
      expect(() => linear({}, 'l', tf.tensor2d([[1]]))).toThrow('the parameters have no "l.weight"');
    });
  });
});
