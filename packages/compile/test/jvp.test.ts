import { jvp, mapParams, tf, toTensor, useBackend, type Tensor, type Tensor4D } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { convolutionCosts } from '../src/passes/convolutions/costs';
import { optimize } from '../src/passes/optimize';
import { expectAgreement, randomTensor } from './support/agree';
import { find, traced } from './support/graphs';
import { initialState, network } from './support/unet-step';

beforeAll(async () => {
  await useBackend('cpu');
});

describe('a traced jvp', () => {
  it('keeps the forward pass and the tangent, one convolution each per layer', () => {
    const layer = (x: Tensor, w: Tensor): Tensor => {
      const y = tf.conv2d(x as Tensor4D, w as Tensor4D, 1, 'same');
      return tf.mul(y, tf.sigmoid(y));
    };
    const shapes = [[1, 4, 4, 2], [3, 3, 2, 2], [3, 3, 2, 2], [1, 4, 4, 2]] as const; // prettier-ignore
    const graph = traced(shapes, (x, w1, w2, v) => jvp((y) => layer(layer(y, w1), w2), [x], [v]));
    const optimized = optimize(graph, convolutionCosts('cuda'));
    expect(find(optimized, 'convNchw')).toHaveLength(4);
  });

  it('agrees with the eager one through a whole network', async () => {
    await expectAgreement(
      (x: Tensor, v: Tensor) => {
        const inside = mapParams(initialState().student, toTensor);
        return jvp((y) => network(inside, y, tf.tensor1d([0.5, 2])), [x], [v]);
      },
      [randomTensor([2, 8, 8, 1], 1), randomTensor([2, 8, 8, 1], 2)],
    );
  });
});
