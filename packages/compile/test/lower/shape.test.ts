import { tf, useBackend, type Tensor } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { expectAgreement, randomBooleans, randomIntegers, randomTensor } from '../support/agree';

const few = { numRuns: 8 };
const extents = fc.tuple(
  fc.integer({ min: 2, max: 4 }),
  fc.integer({ min: 2, max: 5 }),
  fc.integer({ min: 1, max: 4 }),
);
const seeds = fc.integer({ min: 0, max: 1000 });

beforeAll(async () => {
  await useBackend('cpu');
});

/** Everything that moves elements, of one tensor of rank 3. */
const moves = (x: Tensor): Record<string, unknown> => {
  const [a, b, c] = x.shape;
  return {
    reshape: tf.reshape(x, [b, -1]),
    expand: tf.expandDims(x, 1),
    squeeze: tf.squeeze(tf.expandDims(x, -1)),
    transpose: tf.transpose(x, [2, 0, 1]),
    slice: tf.slice(x, [1, 0, 0], [a - 1, b - 1, -1]),
    strided: tf.stridedSlice(x, [0, b - 1], [a, 0], [2, -1]),
    reverse: tf.reverse(x, [0, 1]),
    pad: tf.pad(x, [[1, 0], [0, 2], [1, 1]]), // prettier-ignore
    tile: tf.tile(x, [2, 1, 3]),
    tileOnes: tf.tile(tf.expandDims(x, 0), [3, 1, 1, 1]),
    concat: tf.concat([x, x, tf.slice(x, 0, 1)], 0),
    stack: tf.stack([x, x], 1),
    unstack: tf.unstack(x, 1),
    split: tf.split(x, b, 1),
    splitSizes: tf.split(x, [1, b - 1], 1),
    broadcast: tf.broadcastTo(tf.slice(x, [0, 0, 0], [a, 1, c]), [2, a, b, c]),
  };
};

describe('kernels that move elements', () => {
  it('agree with the cpu backend on floats', async () => {
    await fc.assert(
      fc.asyncProperty(extents, seeds, async (shape, seed) => {
        await expectAgreement(
          (x: Tensor) => ({
            ...moves(x),
            padValue: tf.pad(x, [[0, 0], [1, 2], [0, 0]], 3.5), // prettier-ignore
            reflect: tf.mirrorPad(x, [[1, 1], [0, 1], [0, 0]], 'reflect'), // prettier-ignore
            symmetric: tf.mirrorPad(x, [[1, 2], [2, 0], [0, 0]], 'symmetric'), // prettier-ignore
          }),
          [randomTensor(shape, seed)],
          0,
        );
      }),
      few,
    );
  });

  it('agree on integers and booleans', async () => {
    await fc.assert(
      fc.asyncProperty(extents, seeds, async (shape, seed) => {
        await expectAgreement(
          (x: Tensor, p: Tensor) => ({ x: moves(x), p: moves(p) }),
          [randomIntegers(shape, seed), randomBooleans(shape, seed)],
          0,
        );
      }),
      { numRuns: 4 },
    );
  });

  it('gathers rows by constant and by computed indices', async () => {
    await fc.assert(
      fc.asyncProperty(extents, seeds, fc.nat(2), async (shape, seed, axis) => {
        await expectAgreement(
          (x: Tensor, i: Tensor) => ({
            computed: tf.gather(x, i as tf.Tensor1D, axis),
            constant: tf.gather(x, tf.tensor1d([0, shape[axis] - 1, 0], 'int32'), axis),
            oneHot: tf.oneHot(i as tf.Tensor1D, shape[axis] + 1, 2, -1),
          }),
          [randomTensor(shape, seed), randomIntegers([4], seed, 0, shape[axis] - 1)],
          0,
        );
      }),
      few,
    );
  });

  it('makes what depends on no input', async () => {
    await expectAgreement(
      (x: Tensor) => ({
        fill: tf.fill([2, 3], 1.5),
        range: tf.mul(tf.range(0, 5, 2), tf.sum(x)),
        backwards: tf.range(5, 0, -2, 'int32'),
        linspace: tf.linspace(0, 1, 4),
        eye: tf.eye(3),
        large: tf.add(tf.fill([60, 60], 0.5), tf.sum(x)),
        whole: tf.zeros([2000]),
      }),
      [randomTensor([3], 1)],
    );
  });

  it('unfolds depth to space', async () => {
    await expectAgreement((x: tf.Tensor4D) => tf.depthToSpace(x, 2), [randomTensor([2, 3, 2, 8], 3) as tf.Tensor4D], 0);
  });
});
