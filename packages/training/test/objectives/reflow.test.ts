import { beforeAll, describe, expect, it } from 'vitest';
import { edmPreconditioning, perImage } from '@onestep/core';
import { mapParams, tf, toTensor, useBackend, type Tensor1D } from '@onestep/tensor';
import { modelOf, reflowObjective, type Model } from '@onestep/training';
import { batchOf, data, freshParams, known, plainNetwork, request } from './distillation-setting';

beforeAll(() => useBackend('cpu'));

describe('reflow', () => {
  it('has its least loss at the exact velocity of Gaussian data', () => {
    tf.tidy(() => {
      const objective = reflowObjective();
      const batchSize = 4000;
      const given = { ...request, batchSize };
      const clean = tf.add(tf.mul(tf.randomNormal([batchSize, 2], 0, 1, 'float32', 7), data.std), data.mean);
      const batch = { images: clean, draws: mapParams(objective.draws(given), toTensor), condition: {} };
      // X_t has mean t m and variance v = t^2 s^2 + (1 - t)^2; E[image - noise | X_t] = m + (t s^2 - (1 - t)) / v (X_t - t m).
      const velocity =
        (factor: number, shift: number): Model['network'] =>
        (x, { cNoise }) => {
          const t = perImage(tf.div<Tensor1D>(cNoise, 999), x);
          const rest = tf.sub(1, t);
          const variance = tf.add(tf.mul(tf.square(t), data.std ** 2), tf.square(rest));
          const slope = tf.div(tf.sub(tf.mul(t, data.std ** 2), rest), variance);
          const mean = tf.tensor1d(data.mean);
          return tf.add(tf.add(mean, shift), tf.mul(tf.mul(slope, factor), tf.sub(x, tf.mul(t, mean))));
        };
      const lossOf = (factor: number, shift: number) =>
        tf.mean(objective.loss(known({ network: velocity(factor, shift) }), batch, {}, {})).dataSync()[0];
      const least = lossOf(1, 0);
      for (const [factor, shift] of [
        [0.8, 0],
        [1.2, 0],
        [1, 0.2],
        [1, -0.2],
      ]) {
        expect(lossOf(factor, shift)).toBeGreaterThan(least + 0.01);
      }
    });
  });

  it('vanishes on pairs when the velocity leads from noise to image', () => {
    tf.tidy(() => {
      const objective = reflowObjective({ pairs: true });
      const batch = batchOf(objective);
      const network: Model['network'] = () => tf.sub(batch.images, batch.pairNoise ?? batch.images);
      const losses = objective.loss(known({ network }), batch, {}, {}).dataSync();
      losses.forEach((loss) => expect(loss).toBeLessThan(1e-12));
    });
  });

  it('draws any time in the flow, and only those of a k-step sampler in the distillation', () => {
    const many = { ...request, batchSize: 400 };
    const flow = [...reflowObjective({ tMin: 0.1 }).draws(many).t.data];
    expect(Math.min(...flow)).toBeGreaterThanOrEqual(Math.fround(0.1));
    expect(Math.max(...flow)).toBeLessThanOrEqual(1);
    expect(flow.reduce((sum, t) => sum + t, 0) / 400).toBeCloseTo(0.55, 1);
    const distilled = reflowObjective({ phase: 'distill', distillSteps: 4, tMin: 0.2 }).draws(many);
    expect([...new Set(distilled.t.data)].sort()).toEqual([0.2, 0.4, 0.6, 0.8].map(Math.fround));
    expect(distilled.noise).toBeUndefined();
  });

  it('refuses a student of another preconditioning', () => {
    tf.tidy(() => {
      const objective = reflowObjective();
      const student = modelOf(plainNetwork, edmPreconditioning())(freshParams(plainNetwork));
      expect(() => objective.loss(student, batchOf(objective), {}, {})).toThrow('rectified-flow');
    });
  });
});
