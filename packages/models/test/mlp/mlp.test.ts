import { randomStream, tf, type Tensor1D, type Tensor2D } from '@onestep/tensor';
import { expect } from 'vitest';
import { mlp } from '../../src';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

const network = mlp({
  shape: [2],
  hiddenChannels: 16,
  numBlocks: 2,
  embeddingChannels: 8,
  numClasses: 2,
  init: 'nonzero',
  dropout: 0.5,
});

describeOnBackends('mlp', () => {
  itKeepsNoTensors('has the gradients of central differences', () => {
    tf.tidy(() => {
      const params = network.init((name) => randomStream(1, name));
      const names = Object.keys(params);
      expectGradients(
        ([x, cNoise, labels, ...weights]) =>
          network.apply(Object.fromEntries(names.map((name, i) => [name, weights[i]])), x, {
            cNoise: cNoise as Tensor1D,
            labels: labels as Tensor2D,
          }),
        [normalTensor('x', [3, 2]), normalTensor('t', [3]), normalTensor('l', [3, 2]), ...Object.values(params)],
        1,
      );
    });
  });

  itKeepsNoTensors('starts at zero and gives every point alone what it gives it in a batch', () => {
    tf.tidy(() => {
      const x = normalTensor('x', [3, 2]);
      const cNoise = normalTensor('t', [3]) as Tensor1D;
      const fresh = mlp({ shape: [2] });
      const zero = fresh.apply(
        fresh.init((name) => randomStream(1, name)),
        x,
        { cNoise },
      );
      expect(zero.dataSync().every((value) => value === 0)).toBe(true);

      const params = network.init((name) => randomStream(1, name));
      const together = network.apply(params, x, { cNoise });
      const alone = network.apply(params, tf.slice(x, [1], [1]), { cNoise: tf.slice(cNoise, [1], [1]) });
      expect(tf.max(tf.abs(tf.sub(tf.slice(together, [1], [1]), alone))).dataSync()[0]).toBeLessThan(1e-5);
    });
  });

  itKeepsNoTensors('sees its times multiplied by embeddingScale', () => {
    tf.tidy(() => {
      const config = { shape: [16], secondTime: true, init: 'nonzero' } as const;
      const [plain, scaled] = [mlp(config), mlp({ ...config, embeddingScale: 8 })];
      const params = plain.init((name) => randomStream(1, name));
      const x = normalTensor('x', [3, 16]);
      const [t, s] = ['t', 's'].map((name) => normalTensor(name, [3]) as Tensor1D);
      const eightfold = { cNoise: tf.mul<Tensor1D>(t, 8), cNoise2: tf.mul<Tensor1D>(s, 8) };
      expect(scaled.paramShapes).toEqual(plain.paramShapes);
      expect(scaled.apply(params, x, { cNoise: t, cNoise2: s }).dataSync()).toEqual(
        plain.apply(params, x, eightfold).dataSync(),
      );
    });
  });

  itKeepsNoTensors('announces one dropout site per block', () => {
    expect(network.dropoutSites(5)).toEqual({ 'blocks.0.dropout': [5, 16], 'blocks.1.dropout': [5, 16] });
    expect(mlp({ shape: [2] }).dropoutSites(5)).toEqual({});
  });

  itKeepsNoTensors('refuses points of another width and conditioning it would ignore', () => {
    tf.tidy(() => {
      const cNoise = tf.tensor1d([0]);
      expect(() => network.apply({}, tf.zeros([1, 3]), { cNoise })).toThrow('x must be [B, 2], got [1, 3]');
      expect(() => network.apply({}, tf.zeros([1, 2]), { cNoise, cNoise2: cNoise })).toThrow('takes no cNoise2');
      expect(() => mlp({ shape: [2] }).apply({}, tf.zeros([1, 2]), { cNoise, labels: tf.zeros([1, 2]) })).toThrow(
        'This network has no classes',
      );
    });
  });
});
