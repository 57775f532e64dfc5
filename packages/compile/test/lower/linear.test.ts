import { tf, useBackend, type Tensor, type Tensor4D } from '@onestep/tensor';
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { expectAgreement, randomIntegers, randomTensor, testExecutor } from '../support/agree';

const small = fc.integer({ min: 1, max: 4 });
const seeds = fc.integer({ min: 0, max: 1000 });

beforeAll(async () => {
  await useBackend('cpu');
});

describe('matrix products', () => {
  it('agree with the cpu backend for every rank, batch broadcasting and transposition', async () => {
    const batches = fc.constantFrom<[number[], number[]]>(
      [[], []],
      [[2], [2]],
      [[2], [1]],
      [[1], [3]],
      [
        [2, 3],
        [2, 3],
      ],
    );
    await fc.assert(
      fc.asyncProperty(batches, small, small, small, fc.nat(3), seeds, async ([left, right], m, k, n, flags, seed) => {
        const [transposeA, transposeB] = [(flags & 1) === 1, (flags & 2) === 2];
        const a = randomTensor([...left, ...(transposeA ? [k, m] : [m, k])], seed);
        const b = randomTensor([...right, ...(transposeB ? [n, k] : [k, n])], seed + 1);
        await expectAgreement((x: Tensor, y: Tensor) => tf.matMul(x, y, transposeA, transposeB), [a, b]);
      }),
      { numRuns: 20 },
    );
  });

  it('agree on integers', async () => {
    await expectAgreement(
      (x: Tensor, y: Tensor) => tf.matMul(x, y),
      [randomIntegers([3, 4], 1), randomIntegers([4, 2], 2)],
    );
  });
});

interface ConvCase {
  readonly image: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pad: 'same' | 'valid' | number;
  readonly channels: readonly [number, number];
  readonly seed: number;
}

/** Below, at and above whole blocks of 16. */
const channelCounts = fc.constantFrom(1, 3, 16, 32, 20);

const convCases = (large: boolean): fc.Arbitrary<ConvCase> =>
  fc
    .record({
      image: large
        ? fc.constant([17, 15] as const)
        : fc.tuple(fc.integer({ min: 4, max: 9 }), fc.integer({ min: 4, max: 9 })),
      kernel: fc.constantFrom([1, 1] as const, [3, 3] as const, [2, 3] as const, [4, 4] as const),
      stride: fc.constantFrom<[number, number]>([1, 1], [2, 2], [2, 1]),
      dilation: fc.constantFrom<[number, number]>([1, 1], [1, 1], [2, 2]),
      pad: fc.constantFrom('same' as const, 'valid' as const, 1),
      channels: fc.tuple(channelCounts, channelCounts),
      seed: seeds,
    })
    // TensorFlow.js misjudges the width where a padding is a number and the sides differ.
    .filter(
      ({ pad, kernel, stride }) => typeof pad === 'string' || (kernel[0] === kernel[1] && stride[0] === stride[1]),
    )
    .map(({ stride, dilation, ...rest }) => ({
      ...rest,
      strides: stride,
      // TensorFlow.js has no convolution with both.
      dilations:
        stride[0] * stride[1] === 1 && rest.image[0] > 6 && rest.image[1] > 6 ? dilation : ([1, 1] as [number, number]),
    }));

/** The convolution, and with dilation 1 (all that TensorFlow.js differentiates) both gradients. */
function convolutions({ strides, dilations, pad }: ConvCase): (x: Tensor4D, filter: Tensor4D) => unknown {
  return (x, filter) => {
    const conv = (a: Tensor4D, b: Tensor4D): Tensor => tf.conv2d(a, b, strides, pad, 'NHWC', dilations);
    const y = conv(x, filter);
    const bent = tf.add(tf.sigmoid(y), tf.mean(y, [1, 2], true));
    if (dilations[0] > 1) return [y, bent];
    const weighted = (a: Tensor, b: Tensor): tf.Scalar => {
      const out = conv(a as Tensor4D, b as Tensor4D);
      return tf.sum(tf.mul(out, tf.sigmoid(out)));
    };
    return [y, bent, tf.grads(weighted)([x, filter])];
  };
}

describe('convolutions and their gradients', () => {
  it.each([
    { name: 'few positions, in channel blocks', large: false, blocks: true, numRuns: 30 },
    { name: 'many positions, in channel blocks', large: true, blocks: true, numRuns: 15 },
    { name: 'few positions, as matrix products over gathered patches', large: false, blocks: false, numRuns: 30 },
    { name: 'many positions, as NCHW convolutions', large: true, blocks: false, numRuns: 15 },
  ])('agree with the cpu backend: $name', async ({ large, blocks, numRuns }) => {
    const executor = await testExecutor();
    await fc.assert(
      fc.asyncProperty(convCases(large), async (one) => {
        const x = randomTensor([2, ...one.image, one.channels[0]], one.seed) as Tensor4D;
        const filter = randomTensor([...one.kernel, ...one.channels], one.seed + 1) as Tensor4D;
        await expectAgreement(
          convolutions(one),
          [x, filter],
          1e-5,
          blocks ? executor : { ...executor, channelBlock: 0 },
        );
      }),
      { numRuns },
    );
  });

  it('read NCHW images', async () => {
    // The cpu backend's own NCHW has no gradient of every kind: the transposed NHWC call is the oracle.
    const nchw = (x: Tensor4D, filter: Tensor4D): Tensor => tf.conv2d(x, filter, 2, 1, 'NCHW');
    await expectAgreement(nchw, [randomTensor([2, 3, 8, 7], 1) as Tensor4D, randomTensor([3, 3, 3, 4], 2) as Tensor4D]);
  });

  it('agree for transposed convolutions', async () => {
    await expectAgreement(
      (x: Tensor4D, filter: Tensor4D) => tf.conv2dTranspose(x, filter, [2, 8, 8, 3], 2, 'same'),
      [randomTensor([2, 4, 4, 5], 1) as Tensor4D, randomTensor([3, 3, 3, 5], 2) as Tensor4D],
    );
  });

  it('agree for pooling', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(2, 3),
        fc.constantFrom(1, 2),
        fc.constantFrom('same' as const, 'valid' as const),
        async (size, stride, pad) => {
          await expectAgreement(
            (x: Tensor4D) => [tf.maxPool(x, size, stride, pad), tf.avgPool(x, size, stride, pad)],
            [randomTensor([2, 7, 6, 3], size) as Tensor4D],
          );
        },
      ),
      { numRuns: 8 },
    );
  });
});
