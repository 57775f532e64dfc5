import { mapParams, tf, type Params, type Tensor, type Tensor1D, type Tensor2D } from '@onestep/tensor';
import { expect } from 'vitest';
import {
  noiseEmbedding,
  noiseEmbeddingParams,
  projectEmbedding,
  projectionParams,
} from '../../src/layers/noise-embedding';
import { expectGradients, normalTensor } from '../support/central-difference';
import { describeOnBackends, itKeepsNoTensors } from '../support/on-backends';

const names = ['p', 'p_s'] as const;
const specsOf = (secondTime: boolean): { readonly name: string; readonly shape: readonly number[] }[] => [
  ...noiseEmbeddingParams({ sinusoids: 4, width: 8, numClasses: 3, secondTime }),
  ...projectionParams(names, { inChannels: 8, outChannels: 5, secondTime }),
];
const values = (secondTime: boolean): Params =>
  Object.fromEntries(specsOf(secondTime).map(({ name, shape }) => [name, normalTensor(name, shape)]));
const options = { sinusoids: 4 };

describeOnBackends('noiseEmbedding', () => {
  itKeepsNoTensors('adds nothing for a label row of zeros', () => {
    tf.tidy(() => {
      const params = values(false);
      const cNoise: Tensor1D = tf.tensor1d([0.3, 0.7]);
      const first = (labels?: Tensor2D): unknown =>
        noiseEmbedding(params, { cNoise, labels }, options).first.dataSync();
      expect(first(tf.zeros([2, 3]))).toEqual(first());
      expect(first(tf.ones([2, 3]))).not.toEqual(first());
    });
  });

  itKeepsNoTensors('gives the second time weights of its own and no label', () => {
    tf.tidy(() => {
      const params = values(true);
      const given = { cNoise: tf.tensor1d([0.3, 0.7]), cNoise2: tf.tensor1d([0.1, 0.2]) };
      const without = noiseEmbedding(params, given, options);
      const labelled = noiseEmbedding(params, { ...given, labels: tf.ones([2, 3]) }, options);
      expect(labelled.second?.dataSync()).toEqual(without.second?.dataSync());

      const silent = mapParams(params, (tensor, name) => (name.startsWith('p_s') ? tf.zerosLike(tensor) : tensor));
      const onlyFirst = noiseEmbedding(params, { cNoise: given.cNoise }, options);
      expect(onlyFirst.second).toBeUndefined();
      expect(projectEmbedding(silent, names, without).dataSync()).toEqual(
        projectEmbedding(params, names, onlyFirst).dataSync(),
      );
    });
  });

  for (const secondTime of [false, true]) {
    itKeepsNoTensors(`has the gradients of central differences with ${secondTime ? 'two times' : 'one time'}`, () => {
      tf.tidy(() => {
        const params = values(secondTime);
        const keys = Object.keys(params);
        expectGradients(
          ([labels, cNoise, second, ...weights]) => {
            const own: Params = Object.fromEntries(keys.map((key, i) => [key, weights[i]]));
            const conditioning = {
              cNoise: cNoise as Tensor1D,
              labels: labels as Tensor2D,
              cNoise2: secondTime ? (second as Tensor1D) : undefined,
            };
            const projected = projectEmbedding(own, names, noiseEmbedding(own, conditioning, options));
            // Without a second time its tensor has to be used somewhere.
            return tf.add<Tensor>(projected, tf.mul(tf.sum(second), 1e-3));
          },
          [
            normalTensor('labels', [2, 3]),
            normalTensor('t', [2]),
            normalTensor('s', [2]),
            ...keys.map((key) => params[key]),
          ],
        );
      });
    });
  }
});
