import { beforeAll, describe, expect, it } from 'vitest';
import { mapParams, randomStream, tf, toTensor, useBackend } from '@onestep/tensor';
import { adversaryTurn } from '../../src/internal/adversary-turn';
import { discriminator } from '../../src/internal/discriminator';
import { expectGradients } from '../objectives/gradients';

beforeAll(() => useBackend('cpu'));

const fresh = (shape: readonly number[], channels: number) => {
  const network = discriminator(shape, channels);
  return {
    network,
    params: mapParams(
      network.init((name) => randomStream(2, name)),
      toTensor,
    ),
  };
};

describe('discriminator', () => {
  it('halves images until a side is at most 4, with at most four times the channels', () => {
    const { shapes } = discriminator([28, 20, 3], 8);
    expect(shapes).toEqual({
      'layer0.weight': [3, 3, 3, 8],
      'layer0.bias': [8],
      'layer1.weight': [3, 3, 8, 16],
      'layer1.bias': [16],
      'layer2.weight': [3, 3, 16, 32],
      'layer2.bias': [32],
      'layer3.weight': [3, 3, 32, 32],
      'layer3.bias': [32],
      'score.weight': [4 * 3 * 32, 1],
      'score.bias': [1],
    });
  });

  it.each([[[2]], [[6, 5, 1]]])('scores each image of shape %j by itself, in finite numbers', (shape) => {
    tf.tidy(() => {
      const { network, params } = fresh(shape, 4);
      expect(mapParams(params, (value) => value.shape)).toEqual(network.shapes);
      const x = tf.randomNormal([3, ...shape], 0, 1, 'float32', 5);
      const scores = network.score(params, x);
      expect(scores.shape).toEqual([3]);
      const single = network.score(params, tf.slice(x, [1], [1])).dataSync()[0];
      expect(single).toBeCloseTo(scores.dataSync()[1], 5);
      expect(new Set(scores.dataSync()).size).toBe(3);
    });
  });

  it.each([[[2]], [[6, 5, 1]]])('has the gradient that central differences say, shape %j', (shape) => {
    tf.tidy(() => {
      const { network, params } = fresh(shape, 2);
      const x = tf.randomNormal([2, ...shape], 0, 1, 'float32', 5);
      expectGradients((own) => network.score(own, x), params, 2);
      expectGradients(({ images }) => network.score(params, images), { images: x }, 2);
    });
  });

  it('refuses images of another rank', () => {
    expect(() => discriminator([4, 4], 8)).toThrow('[d] or [H, W, C], got [4, 4]');
  });
});

describe('turns', () => {
  it('are the student’s before startStep, then the adversary’s and the student’s by turns', () => {
    const turns = [0, 1, 2, 3, 4, 5, 6].map((updates) => adversaryTurn(updates, 2));
    expect(turns.map(({ learns }) => learns)).toEqual([false, false, true, false, true, false, true]);
    expect(turns.map(({ teaches }) => teaches)).toEqual([false, false, false, true, false, true, false]);
  });

  it('count the updates of each', () => {
    let student = 0;
    let adversary = 0;
    for (let updates = 0; updates < 20; updates += 1) {
      const turn = adversaryTurn(updates, 3);
      expect(turn.updates).toEqual({ student, adversary });
      if (turn.learns) adversary += 1;
      else student += 1;
    }
  });
});
