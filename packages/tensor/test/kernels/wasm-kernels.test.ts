import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { countLeaks, tf, useBackend, type Tensor } from '../../src/index';
import { patternedValues } from '../../src/diagnostics/central-differences';
import { registerWasmKernels } from '../../src/kernels/register-wasm-kernels';

/** Buckets that the backend itself holds: the engine's count does not see what a kernel forgot. */
const buckets = (): number => (tf.backend() as unknown as { numDataIds(): number }).numDataIds();

const values = (tensor: Tensor): number[] => [...tensor.dataSync()];

beforeAll(async () => {
  await useBackend('wasm');
});

describe('Identity on wasm', () => {
  it('shares the data until the last of all copies is gone', () => {
    const x = tf.tensor1d([1, 2, 3]);
    const before = buckets();
    const copies = [x.clone(), x.clone(), tf.cast(x, 'float32')];
    expect(buckets()).toBe(before);
    x.dispose();
    copies[0].dispose();
    expect(values(copies[2])).toEqual([1, 2, 3]);
    // What is allocated now must not land on the shared data.
    const other = tf.fill([3], 7);
    expect(values(copies[1])).toEqual([1, 2, 3]);
    tf.dispose([other, copies[1], copies[2]]);
    expect(buckets()).toBe(before - 1);
  });

  it('follows its copies to another backend and back', async () => {
    const x = tf.tensor1d([4, 5]);
    const copy = x.clone();
    await useBackend('cpu');
    expect(values(tf.add(copy, 1))).toEqual([5, 6]);
    copy.dispose();
    expect(values(x)).toEqual([4, 5]);
    await useBackend('wasm');
    expect(values(tf.add(x, 1))).toEqual([5, 6]);
    x.dispose();
  });

  it('keeps variables apart from the tensors they were made of', () => {
    const start = tf.tensor1d([1]);
    const variable = tf.variable(start);
    variable.assign(tf.tensor1d([2]));
    expect(values(start)).toEqual([1]);
    tf.dispose([start, variable]);
  });
});

describe('matMul on wasm', () => {
  const sizes = fc.record({
    batch: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
    m: fc.integer({ min: 1, max: 24 }),
    k: fc.integer({ min: 1, max: 40 }),
    n: fc.integer({ min: 1, max: 24 }),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
  });

  it('equals the plain backend for every batch, size and transposition, and forgets nothing', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, async ({ batch, m, k, n, transposeA, transposeB }) => {
        const product = (): number[] =>
          tf.tidy(() => {
            const a = patternedValues([...batch, ...(transposeA ? [k, m] : [m, k])], 1);
            const b = patternedValues([...batch, ...(transposeB ? [n, k] : [k, n])], 2);
            return values(tf.matMul(a, b, transposeA, transposeB));
          });
        const before = buckets();
        const ours = product();
        expect(buckets()).toBe(before);
        await useBackend('cpu');
        const plain = product();
        await useBackend('wasm');
        expect(ours).toHaveLength(plain.length);
        ours.forEach((value, i) => expect(Math.abs(value - plain[i])).toBeLessThan(1e-4));
      }),
      { numRuns: 80 },
    );
  });

  it('broadcasts a batch as the built-in does, and refuses sizes that differ', () => {
    tf.tidy(() => {
      const a = patternedValues([3, 20, 30], 1);
      const b = patternedValues([1, 30, 20], 2);
      const apart = tf.unstack(a).map((matrix) => tf.matMul(matrix, tf.reshape(b, [30, 20])));
      const difference = tf.sub(tf.matMul(a, b), tf.stack(apart));
      expect(tf.max(tf.abs(difference)).dataSync()[0]).toBeLessThan(1e-5);
      expect(() => tf.matMul(patternedValues([20, 30]), patternedValues([29, 20]))).toThrow(/inner shapes/);
    });
  });
});

describe('slice and split on wasm', () => {
  const boxes = fc
    .array(
      fc.record({
        extent: fc.integer({ min: 1, max: 20 }),
        from: fc.double({ min: 0, max: 1, noNaN: true }),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((axes) => {
      const shape = axes.map(({ extent }) => extent);
      const begin = axes.map(({ extent, from }) => Math.min(extent - 1, Math.floor(from * extent)));
      const size = axes.map(({ extent, part }, i) => Math.ceil(part * (extent - begin[i])));
      return { shape, begin, size };
    });

  it('cut the box that indices say', () => {
    fc.assert(
      fc.property(boxes, ({ shape, begin, size }) => {
        tf.tidy(() => {
          const x = tf.range(
            0,
            shape.reduce((a, b) => a * b, 1),
          );
          const cut = values(tf.slice(tf.reshape(x, shape), begin, size));
          const expected: number[] = [];
          const visit = (axis: number, index: number): void => {
            if (axis === shape.length) {
              expected.push(index);
              return;
            }
            for (let i = 0; i < size[axis]; i += 1) visit(axis + 1, index * shape[axis] + begin[axis] + i);
          };
          visit(0, 0);
          expect(cut).toEqual(expected);
        });
      }),
    );
  });

  it('split what concat joins', () => {
    tf.tidy(() => {
      const parts = [patternedValues([2, 3, 5], 1), patternedValues([2, 3, 17], 2), patternedValues([2, 3, 1], 3)];
      const again = tf.split(tf.concat(parts, 2), [5, 17, 1], 2);
      again.forEach((part, i) => expect(values(part)).toEqual(values(parts[i])));
    });
  });

  it('join tensors along any axis, empty ones too', () => {
    tf.tidy(() => {
      const a = tf.tensor2d([
        [1, 2],
        [3, 4],
      ]);
      const b = tf.tensor2d([[5, 6]]);
      expect(values(tf.concat([a, b], 0))).toEqual([1, 2, 3, 4, 5, 6]);
      expect(values(tf.concat([a, tf.transpose(b)], 1))).toEqual([1, 2, 5, 3, 4, 6]);
      expect(values(tf.concat([a, tf.zeros([0, 2]), b], 0))).toEqual([1, 2, 3, 4, 5, 6]);
      expect(values(tf.concat([a, tf.zeros([0, 2])], 0))).toEqual([1, 2, 3, 4]);
      expect(values(tf.stack([a, a], 1))).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
    });
  });

  it('refuse a box outside the tensor', () => {
    const x = tf.zeros([2, 3]);
    expect(() => tf.slice(x, [0, 2], [2, 2])).toThrow();
    x.dispose();
  });
});

describe('tile, sum and mean on wasm', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });

  it('repeat and reduce as the plain backend does, for every shape and choice of axes', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes.chain((shape) =>
          fc.record({
            shape: fc.constant(shape),
            reps: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: shape.length, maxLength: shape.length }),
            axes: fc.subarray(shape.map((_, axis) => axis)),
            keepDims: fc.boolean(),
          }),
        ),
        async ({ shape, reps, axes, keepDims }) => {
          const compute = (): { shape: number[]; data: number[] }[] =>
            tf.tidy(() => {
              const x = patternedValues(shape);
              const gradient = (f: (a: Tensor) => Tensor): Tensor => tf.grad((a) => tf.sum(tf.square(f(a))))(x);
              return [
                tf.tile(x, reps),
                tf.sum(x, axes, keepDims),
                tf.mean(x, axes, keepDims),
                gradient((a) => tf.sum(a, axes, keepDims)),
                gradient((a) => tf.mean(a, axes, keepDims)),
              ].map((y) => ({
                shape: y.shape,
                data: values(y),
              }));
            });
          const before = buckets();
          const ours = compute();
          expect(buckets()).toBe(before);
          await useBackend('cpu');
          const plain = compute();
          await useBackend('wasm');
          ours.forEach((result, i) => {
            expect(result.shape).toEqual(plain[i].shape);
            result.data.forEach((value, j) => expect(Math.abs(value - plain[i].data[j])).toBeLessThan(1e-4));
          });
        },
      ),
    );
  });
});

describe('repaired kernels on wasm', () => {
  it('lets NaN and infinities through clipByValue as the standard says', () => {
    const x = tf.tensor1d([NaN, -Infinity, Infinity, 0.5]);
    const clipped = tf.clipByValue(x, -1, 1);
    expect(values(clipped)).toEqual([NaN, -1, 1, 0.5]);
    tf.dispose([x, clipped]);
  });

  it('casts numbers to booleans of one and zero, and floats to integers towards zero', () => {
    tf.tidy(() => {
      expect(values(tf.cast(tf.tensor1d([0, 255, -3, 256], 'int32'), 'bool'))).toEqual([0, 1, 1, 1]);
      expect(values(tf.cast(tf.tensor1d([0.5, -1.9, 0]), 'bool'))).toEqual([1, 1, 0]);
      expect(values(tf.cast(tf.tensor1d([1.9, -1.9]), 'int32'))).toEqual([1, -1]);
    });
  });

  it('sums the rows of a gather gradient, and drops negative segments', () => {
    tf.tidy(() => {
      const x = tf.tensor2d([
        [1, 2],
        [3, 4],
        [5, 6],
      ]);
      expect(values(tf.unsortedSegmentSum(x, tf.tensor1d([1, 1, -1], 'int32'), 3))).toEqual([0, 0, 4, 6, 0, 0]);
      const gradient = tf.grad((table) => tf.sum(tf.gather(table, tf.tensor1d([2, 2, 0], 'int32'))))(x);
      expect(values(gradient)).toEqual([1, 1, 0, 0, 2, 2]);
    });
  });
});

it('registers the kernels once, however often the backend is chosen', async () => {
  const before = tf.getKernel('BatchMatMul', 'wasm').kernelFunc;
  registerWasmKernels();
  await useBackend('wasm');
  expect(tf.getKernel('BatchMatMul', 'wasm').kernelFunc).toBe(before);
});

it('keeps the heap of the backend constant over many convolutions with new filters', async () => {
  const heap = (): number => (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.length;
  const step = (): void =>
    tf.tidy(() => {
      const x = patternedValues([2, 8, 8, 8], 1) as tf.Tensor4D;
      const filter = patternedValues([3, 3, 8, 8], 2) as tf.Tensor4D;
      tf.grads((a, b) => tf.sum(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same')))([x, filter]);
    });
  step();
  const before = heap();
  const { leaked } = await countLeaks(() => {
    for (let i = 0; i < 300; i += 1) step();
  });
  expect(leaked).toBe(0);
  expect(heap()).toBe(before);
});
