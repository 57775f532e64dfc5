import { tf, type Tensor } from '@onestep/tensor';
import { expect } from 'vitest';
import { groupNorm, type GroupNormOptions } from '../../src/layers/group-norm';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

/** Group norm by its definition, in doubles, with gain 1 and bias 0. */
function groupNormExactly(x: Tensor, groups: number, epsilon = 1e-5): Float64Array {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const data = x.dataSync();
  const out = new Float64Array(data.length);
  const perGroup = channels / groups;
  for (let image = 0; image < batch; image += 1) {
    for (let group = 0; group < groups; group += 1) {
      const members: number[] = [];
      for (let position = 0; position < height * width; position += 1) {
        for (let c = 0; c < perGroup; c += 1) {
          members.push((image * height * width + position) * channels + group * perGroup + c);
        }
      }
      const mean = members.reduce((sum, i) => sum + data[i], 0) / members.length;
      const variance = members.reduce((sum, i) => sum + (data[i] - mean) ** 2, 0) / members.length;
      for (const i of members) out[i] = (data[i] - mean) / Math.sqrt(variance + epsilon);
    }
  }
  return out;
}

const plain = { 'n.weight': () => tf.ones([8]), 'n.bias': () => tf.zeros([8]) };
const norm = (x: Tensor, options: GroupNormOptions): Tensor =>
  groupNorm({ 'n.weight': plain['n.weight'](), 'n.bias': plain['n.bias']() }, 'n', x, options);
const largestGap = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((gap, value, i) => Math.max(gap, Math.abs(value - b[i])), 0);

describeOnBackends('groupNorm', () => {
  for (const groups of [1, 2, 8]) {
    itKeepsNoTensors(`equals its definition with ${groups} groups of 8 channels`, () => {
      tf.tidy(() => {
        const x = normalTensor('x', [2, 5, 3, 8]);
        expect(largestGap(norm(x, { groups }).dataSync(), groupNormExactly(x, groups))).toBeLessThan(5e-6);
      });
    });
  }

  itKeepsNoTensors('keeps four digits where every channel has a mean of 30 deviations', () => {
    tf.tidy(() => {
      const x = tf.add(normalTensor('x', [2, 14, 14, 8]), 30);
      expect(largestGap(norm(x, { groups: 2 }).dataSync(), groupNormExactly(x, 2))).toBeLessThan(1e-3);
    });
  });

  itKeepsNoTensors('loses nothing where channels of one group have far apart means', () => {
    tf.tidy(() => {
      const means = tf.tensor1d([1, -1, 2, -2, 3, -3, 4, -4]);
      const x = tf.add(normalTensor('x', [2, 14, 14, 8], 0.1), tf.mul(means, 10));
      expect(largestGap(norm(x, { groups: 2 }).dataSync(), groupNormExactly(x, 2))).toBeLessThan(1e-5);
    });
  });

  itKeepsNoTensors('is finite on a constant image, whose variance rounds below zero', () => {
    tf.tidy(() => {
      const y = norm(tf.fill([1, 7, 7, 8], 123.456), { groups: 2 }).dataSync();
      expect(y.every((value) => Number.isFinite(value))).toBe(true);
    });
  });

  itKeepsNoTensors('takes an offset as if it had been added to the image', () => {
    tf.tidy(() => {
      const x = normalTensor('x', [2, 5, 3, 8]);
      const offset = normalTensor('offset', [2, 8], 3);
      const added = tf.add(x, tf.reshape(offset, [2, 1, 1, 8]));
      expect(largestGap(norm(x, { groups: 2, offset }).dataSync(), groupNormExactly(added, 2))).toBeLessThan(1e-5);
    });
  });

  itKeepsNoTensors('has the gradients of central differences, offset and adaptive part included', () => {
    tf.tidy(() => {
      expectGradients(
        ([x, gain, bias, offset, scale, shift]) =>
          groupNorm({ 'n.weight': gain, 'n.bias': bias }, 'n', x, { groups: 2, offset, adaptive: { scale, shift } }),
        [
          normalTensor('x', [2, 3, 3, 8]),
          normalTensor('gain', [8]),
          normalTensor('bias', [8]),
          normalTensor('offset', [2, 8]),
          normalTensor('scale', [2, 8]),
          normalTensor('shift', [2, 8]),
        ],
      );
    });
  });
});
