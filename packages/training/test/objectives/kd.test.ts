import { beforeAll, describe, expect, it } from 'vitest';
import { perImage } from '@onestep/core';
import { tf, useBackend, type Tensor1D } from '@onestep/tensor';
import { kdObjective } from '@onestep/training';
import { batchOf, known } from './distillation-setting';

beforeAll(() => useBackend('cpu'));

describe('kd', () => {
  it('compares the student at sigmaMax with the stored image', () => {
    tf.tidy(() => {
      const objective = kdObjective({ sigmaMax: 10 });
      const batch = batchOf(objective);
      const student = known({ denoise: (x, sigma) => tf.mul(x, perImage(tf.div<Tensor1D>(1, sigma), x)) });
      const losses = objective.loss(student, batch, {}, {}).dataSync();
      const expected = tf.mean(tf.square(tf.sub(batch.pairNoise ?? batch.images, batch.images)), 1).dataSync();
      losses.forEach((loss, i) => expect(loss).toBeCloseTo(expected[i], 5));
    });
  });

  it('says so when a batch has no noise', () => {
    tf.tidy(() => {
      const objective = kdObjective();
      const batch = { ...batchOf(objective), pairNoise: undefined };
      expect(() => objective.loss(known({}), batch, {}, {})).toThrow(/kdObjective: .* needs pairs/);
    });
  });
});
