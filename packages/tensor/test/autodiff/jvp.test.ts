import { beforeAll, describe, expect, it } from 'vitest';
import { countLeaks, jvp, tf, useBackend, type Tensor, type Tensor4D } from '../../src/index';
import { patternedValues } from '../../src/diagnostics/central-differences';

/** Central differences with step 1e-2 in float32: truncation and rounding are both near 1e-4 for these functions. */
const tolerance = 2e-3;
const step = 1e-2;

/** Largest difference between the tangent and (f(x + h v) - f(x - h v)) / 2h, relative to 1 + the largest difference. */
function tangentError(fn: (...xs: Tensor[]) => Tensor, shapes: readonly (readonly number[])[]): number {
  return tf.tidy(() => {
    const xs = shapes.map((shape, i) => patternedValues(shape, i + 1));
    const vs = shapes.map((shape, i) => patternedValues(shape, i + 11));
    const { value, tangent } = jvp(fn, xs, vs);
    const moved = (h: number): Tensor => fn(...xs.map((x, i) => tf.add(x, tf.mul(vs[i], h))));
    const difference = tf.div(tf.sub(moved(step), moved(-step)), 2 * step);
    expect(tf.max(tf.abs(tf.sub(value, fn(...xs)))).dataSync()[0]).toBeLessThan(1e-6);
    const scale = 1 + tf.max(tf.abs(difference)).dataSync()[0];
    return tf.max(tf.abs(tf.sub(tangent, difference))).dataSync()[0] / scale;
  });
}

/** A small network with everything a U-Net has: convolutions with and without stride, norm, SiLU, attention, skip. */
function network(x: Tensor, filter: Tensor, down: Tensor): Tensor {
  const norm = (h: Tensor): Tensor => {
    const mean = tf.mean(h, [1, 2], true);
    const square = tf.mean(tf.square(h), [1, 2], true);
    return tf.mul(tf.sub(h, mean), tf.rsqrt(tf.add(tf.sub(square, tf.square(mean)), 0.1)));
  };
  const silu = (h: Tensor): Tensor => tf.mul(h, tf.sigmoid(h));
  const first = silu(norm(tf.conv2d(x as Tensor4D, filter as Tensor4D, 1, 'same')));
  const small = tf.conv2d(first as Tensor4D, down as Tensor4D, 2, 'same');
  const tokens = tf.reshape(small, [2, 4, 3]);
  const weights = tf.softmax(tf.matMul(tokens, tokens, false, true));
  const attended = tf.reshape(tf.matMul(weights, tokens), [2, 2, 2, 3]);
  const up = tf.reshape(tf.tile(tf.reshape(attended, [2, 2, 1, 6]), [1, 1, 2, 1]), [2, 4, 2, 3]);
  const skip = tf.pad(tf.slice(first, [0, 0, 0, 0], [2, 4, 1, 3]), [
    [0, 0],
    [0, 0],
    [0, 1],
    [0, 0],
  ]);
  return tf.concat([up, skip], 3);
}

describe.each(['wasm', 'cpu'] as const)('jvp on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it('equals central differences for a small convolutional network, in input and weights at once', () => {
    expect(
      tangentError(network, [
        [2, 4, 4, 2],
        [3, 3, 2, 3],
        [3, 3, 3, 3],
      ]),
    ).toBeLessThan(tolerance);
  });

  it.each<[string, (...xs: Tensor[]) => Tensor, number[][]]>([
    [
      'conv2d with stride 2',
      (x, w) => tf.conv2d(x as Tensor4D, w as Tensor4D, 2, 'same'),
      [
        [1, 5, 4, 2],
        [3, 3, 2, 2],
      ],
    ],
    ['sin and cos', (x) => tf.mul(tf.sin(x), tf.cos(x)), [[5]]],
    ['maximum', (x) => tf.square(tf.maximum(x, tf.zerosLike(x))), [[6]]],
    ['where on its own argument', (x) => tf.where(tf.greater(x, 0), tf.square(x), tf.mul(x, 2)), [[6]]],
    ['gather', (x) => tf.square(tf.gather(x, tf.tensor1d([1, 1, 0], 'int32'))), [[2, 3]]],
    ['softmax', (x) => tf.softmax(x), [[2, 4]]],
    ['log, exp, sqrt', (x) => tf.sqrt(tf.add(1, tf.log(tf.add(2, tf.exp(x))))), [[4]]],
  ])('equals central differences for %s', (_, fn, shapes) => {
    expect(tangentError(fn, shapes)).toBeLessThan(tolerance);
  });
});

describe('jvp', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it('differentiates a gradient through the filter of a convolution', () => {
    // Needs the gradient of Conv2DBackpropFilter itself.
    const filterGradient = (x: Tensor, w: Tensor): Tensor =>
      tf.grad((filter) => tf.sum(tf.square(tf.conv2d(x as Tensor4D, filter as Tensor4D, 2, 'same'))))(w);
    expect(
      tangentError(filterGradient, [
        [1, 4, 5, 2],
        [3, 3, 2, 2],
      ]),
    ).toBeLessThan(tolerance);
  });

  it('is zero along a primal the function does not use', () => {
    const { value, tangent } = jvp((x) => tf.mul(x, 2), [tf.scalar(1), tf.scalar(5)], [tf.scalar(0), tf.scalar(1)]);
    expect([value.dataSync()[0], tangent.dataSync()[0]]).toEqual([2, 0]);
    tf.dispose([value, tangent]);
  });

  it('leaves exactly value and tangent behind, inside a scope nothing', async () => {
    const x = tf.tensor1d([1, 2]);
    const run = (): void => tf.dispose(jvp((a) => tf.square(a), [x], [x]));
    expect((await countLeaks(run)).leaked).toBe(0);
    expect((await countLeaks(() => tf.tidy(() => void jvp((a) => tf.square(a), [x], [x])))).leaked).toBe(0);
    expect((await countLeaks(() => tf.dispose(jvp((a) => tf.square(a), [x], [x], { outputShape: [2] })))).leaked).toBe(
      0,
    );
    x.dispose();
  });

  it('refuses tangents that do not fit', () => {
    expect(() => jvp((x) => x, [tf.scalar(1)], [])).toThrow(/one tangent per primal/);
    expect(() => jvp((x) => x, [tf.zeros([2])], [tf.zeros([3])])).toThrow(/tangents\[0\] has shape \[3\]/);
  });
});
