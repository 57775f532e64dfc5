import { beforeAll, describe, expect, it } from 'vitest';
import { hostTensor, tf, useBackend } from '@onestep/tensor';
import { guidedDenoiser } from '../../src/step/guided';
import { dropLabels } from '../../src/trainer/step-draws';

beforeAll(() => useBackend('cpu'));

describe('label dropout', () => {
  const labels = (count: number) => {
    const data = new Float32Array(3 * count);
    for (let i = 0; i < count; i += 1) data[3 * i + (i % 3)] = 1;
    return hostTensor(data, [count, 3]);
  };

  it('zeroes whole rows, at about its rate', () => {
    const { data } = dropLabels(labels(3000), { seed: 1, imagesSeen: 0 }, 0.2);
    const kept = [...data].reduce((sum, value) => sum + value, 0);
    // Five standard deviations of a binomial count.
    expect(Math.abs(kept - 2400)).toBeLessThan(5 * Math.sqrt(3000 * 0.2 * 0.8));
  });

  it('goes by the number of the image, not by its batch, and leaves the given labels alone', () => {
    const given = labels(12);
    const whole = dropLabels(given, { seed: 1, imagesSeen: 30 }, 0.5).data;
    const halves = [30, 36].flatMap((imagesSeen) => [...dropLabels(labels(6), { seed: 1, imagesSeen }, 0.5).data]);
    expect([...whole]).toEqual(halves);
    expect(given).toEqual(labels(12));
    expect([...dropLabels(given, { seed: 1, imagesSeen: 0 }, 1).data].every((value) => value === 0)).toBe(true);
  });
});

describe('guidedDenoiser', () => {
  it('is D_u + w (D_c - D_u)', () => {
    tf.tidy(() => {
      // D = x times the label's index, 0 for none.
      const denoiser = guidedDenoiser(
        (x, _, condition) => tf.mul(x, tf.matMul(condition!.labels!, tf.tensor2d([[5], [7]]))),
        tf.scalar(3),
      );
      const biased = guidedDenoiser((x, _, c) => tf.add(x, tf.sum(c!.labels!, 1, true)), tf.scalar(0));
      const x = tf.tensor2d([[1], [2]]);
      const labels = tf.tensor2d([[1, 0], [0, 1]]); // prettier-ignore
      const sigma = tf.tensor1d([1, 1]);
      expect([...denoiser(x, sigma, { labels }).dataSync()]).toEqual([15, 42]);
      expect([...biased(x, sigma, { labels }).dataSync()]).toEqual([1, 2]);
      expect(() => denoiser(x, sigma)).toThrow('guidance needs labels');
    });
  });
});
