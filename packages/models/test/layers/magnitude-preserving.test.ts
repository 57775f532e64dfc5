import { tf, type Params, type Tensor } from '@onestep/tensor';
import fc from 'fast-check';
import { expect } from 'vitest';
import { mpConcat, mpSilu, mpSum, sumWeights } from '../../src/layers/magnitude-preserving';
import { mpAttention, mpAttentionParams } from '../../src/layers/mp-attention';
import { mpConv, mpLinear, mpWeight, mpWeightParam } from '../../src/layers/mp-weights';
import { unitMagnitude } from '../../src/layers/unit-magnitude';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

/** Of a tensor of some thousand draws, four standard deviations of its root mean square. */
const samplingTolerance = 0.05;
const magnitudeOf = (x: Tensor): number => Math.sqrt(tf.mean(tf.square(x)).dataSync()[0]);
const normal = (name: string, channels: number): Tensor => normalTensor(name, [2, 16, 16, channels]);

describeOnBackends('magnitude-preserving layers', () => {
  itKeepsNoTensors('keep the magnitude of what is normal and independent', () => {
    tf.tidy(() => {
      const near = (x: Tensor, label: string): void => {
        expect(Math.abs(magnitudeOf(x) - 1), label).toBeLessThan(samplingTolerance);
      };
      const [a, b] = [normal('a', 8), normal('b', 24)];
      near(mpSilu(b), 'silu');
      for (const balance of [0, 0.3, 0.5, 0.9]) {
        near(mpSum(a, normal('other', 8), balance), `sum, ${balance}`);
        near(mpConcat(a, b, balance), `join, ${balance}`);
      }
      const weights = [
        mpWeightParam('c', { layout: 'conv', inChannels: 24, outChannels: 32, positions: 256, kernelSize: 1 }),
        mpWeightParam('l', { layout: 'linear', inChannels: 24, outChannels: 32, positions: 1 }),
      ];
      // Of any size.
      const params = Object.fromEntries(weights.map(({ name, shape }) => [name, normalTensor(name, shape, 7)]));
      near(mpConv(params, 'c', b), 'convolution');
      near(mpLinear(params, 'l', tf.reshape(b, [-1, 24])), 'matrix');
    });
  });

  itKeepsNoTensors('give the parts of a join their share, whatever their widths', () => {
    tf.tidy(() => {
      const joined = mpConcat(tf.ones([1, 2, 2, 2]), tf.ones([1, 2, 2, 6]), 0.25);
      const [first, second] = tf.split(tf.reshape(joined, [4, 8]), [2, 6], 1).map((part) => tf.sum(tf.square(part)));
      // Total magnitudes in the ratio 3 to 1.
      expect(Math.sqrt(first.dataSync()[0] / second.dataSync()[0])).toBeCloseTo(3, 5);
      expect(magnitudeOf(joined)).toBeCloseTo(1, 5);
    });
  });

  itKeepsNoTensors('have sums whose squared weights are one', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (balance) => {
        const [a, b] = sumWeights(balance);
        expect(a * a + b * b).toBeCloseTo(1, 12);
        expect(b * (1 - balance)).toBeCloseTo(a * balance, 12);
      }),
    );
  });

  itKeepsNoTensors('divide by the root mean square, and leave zero with a finite gradient', () => {
    tf.tidy(() => {
      const x = tf.tensor2d([3, -4, 0, 0, 30, -40], [3, 2]);
      const rms = Math.sqrt(12.5);
      const rows = [1, 10].map((size) => [3, -4].map((value) => (size * value) / (size * rms + 1e-4)));
      const expected = [...rows[0], 0, 0, ...rows[1]];
      unitMagnitude(x, 1)
        .dataSync()
        .forEach((value, i) => {
          expect(value).toBeCloseTo(expected[i], 6);
        });
      const slope = tf
        .grad((y: Tensor) => unitMagnitude(y, 1))(tf.zeros([1, 2]))
        .dataSync();
      slope.forEach((value) => {
        expect(value / 1e4).toBeCloseTo(1, 3);
      });
    });
  });

  itKeepsNoTensors('have the gradients of central differences in inputs, weights and gains', () => {
    tf.tidy(() => {
      const spec = mpWeightParam('c', { layout: 'conv', inChannels: 4, outChannels: 3, positions: 6, kernelSize: 3 });
      expectGradients(
        ([x, w, gain]) => mpConv({ [spec.name]: w }, 'c', x, gain),
        [normalTensor('x', [2, 2, 3, 4]), normalTensor('w', spec.shape), tf.scalar(0.7)],
      );
      expectGradients(
        ([a, b]) => mpConcat(unitMagnitude(a, 3), mpSum(b, mpSilu(b), 0.3), 0.4),
        [normalTensor('a', [2, 2, 3, 4]), normalTensor('b', [2, 2, 3, 2])],
      );
    });
  });

  itKeepsNoTensors('attend as the reference writes it, one head and position at a time', () => {
    tf.tidy(() => {
      const [channels, heads] = [4, 2];
      const specs = mpAttentionParams('a', { channels, positions: 6 });
      const params: Params = Object.fromEntries(specs.map(({ name, shape }) => [name, normalTensor(name, shape)]));
      const x = normalTensor('x', [1, 2, 3, channels]);
      const qkv = tf.matMul(tf.reshape(x, [6, channels]), mpWeight(params, 'a.attn_qkv')).arraySync() as number[][];
      const width = channels / heads;
      const vector = (position: number, head: number, part: number): number[] => {
        const values = Array.from({ length: width }, (_, c) => qkv[position][(head * width + c) * 3 + part]);
        const size = Math.hypot(...values) / Math.sqrt(width) + 1e-4;
        return values.map((value) => value / size);
      };
      const heard = Array.from({ length: 6 }, (_, i) =>
        Array.from({ length: heads }, (_unused, head) => {
          const dot = (a: number[], b: number[]): number => a.reduce((sum, value, c) => sum + value * b[c], 0);
          const scores = Array.from({ length: 6 }, (_key, j) =>
            Math.exp(dot(vector(i, head, 0), vector(j, head, 1)) / Math.sqrt(width)),
          );
          const total = scores.reduce((sum, score) => sum + score, 0);
          return Array.from({ length: width }, (_c, c) =>
            scores.reduce((sum, score, j) => sum + (score / total) * vector(j, head, 2)[c], 0),
          );
        }).flat(),
      );
      const projected = tf.matMul(tf.tensor2d(heard), mpWeight(params, 'a.attn_proj'));
      const expected = mpSum(x, tf.reshape(projected, x.shape), 0.3);
      const gap = tf.sub(mpAttention(params, 'a', x, { heads, balance: 0.3 }), expected);
      expect(tf.max(tf.abs(gap)).dataSync()[0]).toBeLessThan(1e-5);
    });
  });
});
