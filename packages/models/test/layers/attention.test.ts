import { mapParams, tf, type Params, type Tensor } from '@onestep/tensor';
import { expect } from 'vitest';
import { attention, attentionParams } from '../../src/layers/attention';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

const channels = 8;
const specs = attentionParams('a', { channels, positions: 6, zero: false });
const names = specs.map(({ name }) => name);
const values = (): Tensor[] => specs.map(({ name, shape }) => normalTensor(name, shape, 0.5));
const record = (tensors: readonly Tensor[]): Params => Object.fromEntries(names.map((name, i) => [name, tensors[i]]));

describeOnBackends('attention', () => {
  itKeepsNoTensors('adds nothing when the projection is zero', () => {
    tf.tidy(() => {
      const params = mapParams(record(values()), (tensor, name) =>
        name.startsWith('a.proj_out') ? tf.zerosLike(tensor) : tensor,
      );
      const x = normalTensor('x', [2, 2, 3, channels]);
      expect(attention(params, 'a', x, { heads: 2, groups: 2 }).dataSync()).toEqual(x.dataSync());
    });
  });

  itKeepsNoTensors('does not depend on the order of positions', () => {
    tf.tidy(() => {
      const params = record(values());
      const x = normalTensor('x', [1, 1, 6, channels]);
      const forward = attention(params, 'a', x, { heads: 2, groups: 2 });
      const backward = tf.reverse(attention(params, 'a', tf.reverse(x, 2), { heads: 2, groups: 2 }), 2);
      expect(tf.max(tf.abs(tf.sub(forward, backward))).dataSync()[0]).toBeLessThan(1e-5);
    });
  });

  for (const heads of [1, 2, 8]) {
    itKeepsNoTensors(`has the gradients of central differences with ${heads} heads`, () => {
      tf.tidy(() => {
        expectGradients(
          ([x, ...weights]) => attention(record(weights), 'a', x, { heads, groups: 2 }),
          [normalTensor('x', [2, 2, 3, channels]), ...values()],
        );
      });
    });
  }
});
