import { tf } from '@onestep/tensor';
import { expect } from 'vitest';
import { conv, convParams } from '../../src/layers/conv';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

describeOnBackends('conv', () => {
  itKeepsNoTensors('pads both sides alike with stride 2, so that output 0 sits on input 0', () => {
    tf.tidy(() => {
      const kernel = tf.tensor4d([0, 0, 0, 0, 1, 0, 0, 0, 0], [3, 3, 1, 1]);
      const x = tf.reshape(tf.range(0, 16), [1, 4, 4, 1]);
      const y = conv({ 'c.weight': kernel, 'c.bias': tf.tensor1d([0.5]) }, 'c', x, 2);
      expect(y.shape).toEqual([1, 2, 2, 1]);
      expect([...y.dataSync()]).toEqual([0.5, 2.5, 8.5, 10.5]);
    });
  });

  for (const stride of [1, 2]) {
    for (const size of [4, 5]) {
      itKeepsNoTensors(`has the gradients of central differences for stride ${stride} and sides of ${size}`, () => {
        tf.tidy(() => {
          expectGradients(
            ([x, weight, bias]) => conv({ 'c.weight': weight, 'c.bias': bias }, 'c', x, stride),
            [normalTensor('x', [2, size, size, 3]), normalTensor('w', [3, 3, 3, 2]), normalTensor('b', [2])],
          );
        });
      });
    }
  }

  itKeepsNoTensors('describes its parameters with the bound 1 / sqrt(fanIn)', () => {
    const [weight, bias] = convParams('c', { kernelSize: 3, inChannels: 4, outChannels: 8, positions: 49 });
    expect(weight).toMatchObject({ name: 'c.weight', shape: [3, 3, 4, 8], init: { kind: 'uniform', bound: 1 / 6 } });
    expect(bias).toMatchObject({ name: 'c.bias', shape: [8], init: { kind: 'uniform', bound: 1 / 6 }, positions: 0 });
  });
});
