import { tf, useBackend, type Tensor } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { expectAgreement, randomBooleans, randomIntegers, randomTensor } from '../support/agree';

const few = { numRuns: 8 };
const extents = fc.tuple(
  fc.integer({ min: 1, max: 4 }),
  fc.integer({ min: 1, max: 5 }),
  fc.integer({ min: 2, max: 4 }),
);
const seeds = fc.integer({ min: 0, max: 1000 });
const axisLists = fc.constantFrom<number[] | undefined>(undefined, [0], [1], [-1], [0, 2], [1, 2], [0, 1, 2]);

beforeAll(async () => {
  await useBackend('cpu');
});

describe('reductions', () => {
  it('agree with the cpu backend on floats, over any axes', async () => {
    await fc.assert(
      fc.asyncProperty(extents, seeds, axisLists, fc.boolean(), async (shape, seed, axes, keep) => {
        await expectAgreement(
          (x: Tensor) => ({
            sum: tf.sum(x, axes, keep),
            mean: tf.mean(x, axes, keep),
            max: tf.max(x, axes, keep),
            min: tf.min(x, axes, keep),
            prod: tf.prod(x, axes, keep),
            moments: tf.moments(x, axes, keep),
            logSumExp: tf.logSumExp(x, axes, keep),
          }),
          [randomTensor(shape, seed)],
        );
      }),
      few,
    );
  });

  it('agree on integers and booleans', async () => {
    await fc.assert(
      fc.asyncProperty(extents, seeds, axisLists, async (shape, seed, axes) => {
        await expectAgreement(
          (x: Tensor, p: Tensor) => ({
            sum: tf.sum(x, axes),
            mean: tf.mean(x, axes),
            max: tf.max(x, axes),
            count: tf.sum(p, axes),
            share: tf.mean(p, axes),
            any: tf.any(p, axes),
            all: tf.all(p, axes),
          }),
          [randomIntegers(shape, seed), randomBooleans(shape, seed)],
        );
      }),
      few,
    );
  });

  it('agree along one axis', async () => {
    await fc.assert(
      fc.asyncProperty(extents, seeds, fc.nat(2), async (shape, seed, axis) => {
        await expectAgreement(
          (x: Tensor) => ({
            argMax: tf.argMax(x, axis),
            argMin: tf.argMin(x, axis),
            softmax: tf.softmax(x),
            logSoftmax: tf.logSoftmax(x),
            cumsum: tf.cumsum(x, axis),
            cumsumReversed: tf.cumsum(x, axis, true, true),
            topK: tf.topk(x, 2),
          }),
          [randomTensor(shape, seed)],
        );
      }),
      few,
    );
  });
});
