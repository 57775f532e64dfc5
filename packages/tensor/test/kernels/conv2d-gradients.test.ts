import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { countLeaks, tf, useBackend, type Tensor } from '../../src/index';
import { gradientError, patternedValues } from '../../src/diagnostics/central-differences';

/** Float32 sums of at most some hundred products of numbers below 1, in two orders. */
const sumTolerance = 1e-4;
/** Central differences with step 1e-2 of a bilinear function: only rounding remains, epsilon * sum / step. */
const differenceTolerance = 5e-3;

type Pad = 'same' | 'valid' | [[number, number], [number, number], [number, number], [number, number]];

const cases = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    height: fc.integer({ min: 1, max: 7 }),
    width: fc.integer({ min: 1, max: 7 }),
    inChannels: fc.integer({ min: 1, max: 5 }),
    outChannels: fc.integer({ min: 1, max: 5 }),
    filterHeight: fc.integer({ min: 1, max: 4 }),
    filterWidth: fc.integer({ min: 1, max: 4 }),
    strideHeight: fc.integer({ min: 1, max: 3 }),
    strideWidth: fc.integer({ min: 1, max: 3 }),
    pad: fc.oneof(
      fc.constant<Pad>('same'),
      fc.constant<Pad>('valid'),
      fc
        .array(fc.integer({ min: 0, max: 4 }), { minLength: 4, maxLength: 4 })
        .map(([top, bottom, left, right]): Pad => [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ]),
    ),
  })
  .filter(({ height, width, filterHeight, filterWidth, pad }) => {
    if (pad === 'same') return true;
    const [rows, columns] =
      pad === 'valid'
        ? [
            [0, 0],
            [0, 0],
          ]
        : [pad[1], pad[2]];
    return height + rows[0] + rows[1] >= filterHeight && width + columns[0] + columns[1] >= filterWidth;
  });

type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

function gradients(c: Case): { readonly x: Tensor; readonly filter: Tensor } {
  const x = patternedValues([c.batch, c.height, c.width, c.inChannels], 1);
  const filter = patternedValues([c.filterHeight, c.filterWidth, c.inChannels, c.outChannels], 2);
  const [dx, dFilter] = tf.grads((a, b) => {
    const y = convolve(c)(a, b);
    return tf.sum(tf.mul(y, patternedValues(y.shape, 3)));
  })([x, filter]);
  return { x: dx, filter: dFilter };
}

const convolve =
  (c: Case) =>
  (x: Tensor, filter: Tensor): Tensor =>
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, [c.strideHeight, c.strideWidth], c.pad);

async function onBackend<T>(name: 'cpu' | 'wasm', body: () => T): Promise<T> {
  await useBackend(name);
  return body();
}

const values = (c: Case): number[][] =>
  tf.tidy(() => {
    const { x, filter } = gradients(c);
    const y = convolve(c)(patternedValues([c.batch, c.height, c.width, c.inChannels]), filter);
    return [[...x.dataSync()], [...filter.dataSync()], [...y.dataSync()]];
  });

describe('conv2d and its gradients on wasm', () => {
  beforeAll(async () => {
    await useBackend('cpu');
    await useBackend('wasm');
  });
  afterEach(() => tf.setBackend('wasm'));

  it('equal the plain backend for every size, stride and padding', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const ours = await onBackend('wasm', () => values(c));
        const plain = await onBackend('cpu', () => values(c));
        ours.forEach((gradient, which) => {
          expect(gradient).toHaveLength(plain[which].length);
          gradient.forEach((value, i) => {
            expect(Math.abs(value - plain[which][i])).toBeLessThan(sumTolerance);
          });
        });
      }),
      { numRuns: 150 },
    );
  });

  it('equal central differences', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const inputs = [
          patternedValues([c.batch, c.height, c.width, c.inChannels], 1),
          patternedValues([c.filterHeight, c.filterWidth, c.inChannels, c.outChannels], 2),
        ];
        const error = await gradientError(convolve(c), inputs, 3);
        tf.dispose(inputs);
        expect(error).toBeLessThan(differenceTolerance);
      }),
      { numRuns: 40 },
    );
  });

  it('leave no tensor and no data bucket behind', async () => {
    const [c] = fc.sample(cases, 1);
    const before = tf.memory().numDataBuffers;
    const { leaked } = await countLeaks(() => {
      values(c);
    });
    expect(leaked).toBe(0);
    expect(tf.memory().numDataBuffers).toBe(before);
    expect((tf.backend() as unknown as { numDataIds(): number }).numDataIds()).toBe(before);
  });

  it('refuse channels first', () => {
    const dy = patternedValues([1, 2, 2, 2]);
    const run = (): unknown =>
      tf
        .engine()
        .runKernel(
          'Conv2DBackpropFilter',
          { x: dy, dy },
          { filterShape: [1, 1, 2, 2], strides: 1, pad: 'same', dataFormat: 'NCHW' },
        );
    expect(run).toThrow(/NHWC/);
    dy.dispose();
  });
});
