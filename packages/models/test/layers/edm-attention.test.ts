import { tf, type Params, type Tensor } from '@onestep/tensor';
import { expect } from 'vitest';
import { attention } from '../../src/layers/attention';
import { edmAttention, edmAttentionParams } from '../../src/layers/edm-attention';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

const channels = 8;
const init = { kind: 'normal' } as const;
const law = { weight: init, bias: init };
const specs = edmAttentionParams('a', { channels, positions: 6, qkv: law, proj: law });
const names = specs.map(({ name }) => name);
const values = (): Tensor[] => specs.map(({ name, shape }) => normalTensor(name, shape, 0.5));
const record = (tensors: readonly Tensor[]): Params => Object.fromEntries(names.map((name, i) => [name, tensors[i]]));

describeOnBackends('edmAttention', () => {
  itKeepsNoTensors('is the ADM attention with the outputs of qkv in another order', () => {
    tf.tidy(() => {
      const params = record(values());
      // Output (part, channel) of the one is output 3 channel + part of the other.
      const order = Array.from({ length: 3 * channels }, (_, i) => 3 * (i % channels) + Math.floor(i / channels));
      const reordered = (tensor: Tensor): Tensor => tf.gather(tensor, tf.tensor1d(order, 'int32'), tensor.rank - 1);
      const other = {
        'a.norm.weight': params['a.norm2.weight'],
        'a.norm.bias': params['a.norm2.bias'],
        'a.qkv.weight': reordered(params['a.qkv.weight']),
        'a.qkv.bias': reordered(params['a.qkv.bias']),
        'a.proj_out.weight': params['a.proj.weight'],
        'a.proj_out.bias': params['a.proj.bias'],
      };
      const x = normalTensor('x', [2, 2, 3, channels]);
      const gap = tf.sub(
        edmAttention(params, 'a', x, { heads: 2, groups: 2 }),
        attention(other, 'a', x, { heads: 2, groups: 2 }),
      );
      expect(tf.max(tf.abs(gap)).dataSync()[0]).toBeLessThan(1e-5);
    });
  });

  for (const heads of [1, 2, 8]) {
    itKeepsNoTensors(`has the gradients of central differences with ${heads} heads`, () => {
      tf.tidy(() => {
        expectGradients(
          ([x, ...weights]) => edmAttention(record(weights), 'a', x, { heads, groups: 2 }),
          [normalTensor('x', [2, 2, 3, channels]), ...values()],
        );
      });
    });
  }
});
