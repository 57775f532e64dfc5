import { beforeAll, describe, expect, it } from 'vitest';
import { after, countLeaks, jvp, recomputed, tf, useBackend, valueAndGrads } from '../../src/index';
import type { Params, Tensor, Tensor4D } from '../../src/index';
import { patternedValues } from '../../src/diagnostics/central-differences';

/** conv, SiLU, conv, residual, scaled by a condition: the shape of a residual block. */
function block({ first, second }: Params, [x, scale]: readonly Tensor[]): Tensor {
  const inner = tf.conv2d(x as Tensor4D, first as Tensor4D, 1, 'same');
  const active = tf.mul(inner, tf.sigmoid(inner));
  return tf.add(x, tf.mul(tf.conv2d(active as Tensor4D, second as Tensor4D, 1, 'same'), scale));
}

const blocks = 4;

function makeParams(): Params {
  const params: Record<string, Tensor> = {};
  for (let i = 0; i < blocks; i += 1) {
    params[`${i}.first`] = patternedValues([3, 3, 4, 4], 2 * i + 1);
    params[`${i}.second`] = patternedValues([3, 3, 4, 4], 2 * i + 2);
  }
  return params;
}

/** Mean square of a stack of blocks; `run` decides how each is evaluated. */
const lossOf =
  (run: typeof recomputed, x: Tensor, scale: Tensor) =>
  (params: Params): tf.Scalar => {
    let h = x;
    for (let i = 0; i < blocks; i += 1) h = run(block, { first: params[`${i}.first`], second: params[`${i}.second`] }, [h, scale]); // prettier-ignore
    return tf.mean(tf.square(h));
  };

const plainly: typeof recomputed = (fn, params, inputs) => fn(params, inputs);

describe.each(['wasm', 'cpu'] as const)('recomputed on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it('has the values and gradients of the plain call, bit by bit', () => {
    tf.tidy(() => {
      const [x, scale, params] = [patternedValues([2, 5, 5, 4], 20), patternedValues([2, 1, 1, 4], 21), makeParams()];
      const plain = valueAndGrads(lossOf(plainly, x, scale), params);
      const again = valueAndGrads(lossOf(recomputed, x, scale), params);
      expect(again.value.dataSync()).toEqual(plain.value.dataSync());
      for (const name of Object.keys(params)) {
        expect(again.grads[name].dataSync(), name).toEqual(plain.grads[name].dataSync());
      }
    });
  });

  it('passes gradients to inputs, also to one used by every block, and to whatever made them', () => {
    tf.tidy(() => {
      const [x, scale, params] = [patternedValues([1, 4, 4, 4], 20), patternedValues([1, 1, 1, 4], 21), makeParams()];
      const of = (run: typeof recomputed): Tensor[] =>
        tf.grads((a: Tensor, s: Tensor) => lossOf(run, tf.sin(a), tf.square(s))(params))([x, scale]);
      const [plain, again] = [of(plainly), of(recomputed)];
      plain.forEach((grad, i) => expect(again[i].dataSync()).toEqual(grad.dataSync()));
    });
  });

  it('holds less memory in the backward pass of a stack', () => {
    const peakOf = (run: typeof recomputed): number =>
      tf.tidy(() => {
        const [x, scale, params] = [patternedValues([2, 16, 16, 4], 20), tf.ones([1]), makeParams()];
        let peak = 0;
        const watched = tf.customGrad((h) => ({
          value: tf.clone(h as Tensor),
          gradFunc: (dy: Tensor) => {
            peak = Math.max(peak, tf.memory().numBytes);
            return tf.clone(dy);
          },
        }));
        const spied: typeof recomputed = (fn, p, [h, s]) => run(fn, p, [watched(h), s]);
        const before = tf.memory().numBytes;
        valueAndGrads(lossOf(spied, x, scale), params);
        return peak - before;
      });
    expect(peakOf(recomputed)).toBeLessThan(0.5 * peakOf(plainly));
  });

  it('leaves no tensor behind', async () => {
    const [x, scale, params] = [patternedValues([1, 4, 4, 4], 20), tf.ones([1]), makeParams()];
    const run = (): void => {
      const { value, grads } = valueAndGrads(lossOf(recomputed, x, scale), params);
      tf.dispose([value, Object.values(grads)]);
    };
    expect((await countLeaks(run)).leaked).toBe(0);
    const forward = (): void => tf.dispose(recomputed(block, { first: params['0.first'], second: params['0.second'] }, [x, scale])); // prettier-ignore
    expect((await countLeaks(forward)).leaked).toBe(0);
    tf.dispose([x, scale, Object.values(params)]);
  });
});

describe('recomputed', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it('works inside itself and under a second gradient', () => {
    tf.tidy(() => {
      const cube = (_: Params, [x]: readonly Tensor[]): Tensor => tf.mul(tf.square(x), x);
      const twice = (run: typeof recomputed) => (x: Tensor) =>
        run((params, inputs) => tf.sin(run(cube, params, inputs)), {}, [x]);
      const x = tf.tensor1d([0.3, -0.7]);
      const [plain, again] = [twice(plainly), twice(recomputed)].map((fn) => [
        tf.grad(fn)(x).dataSync(),
        jvp(fn, [x], [tf.tensor1d([1, 2])]).tangent.dataSync(),
        tf
          .grad((y: Tensor) => tf.grad(fn)(y))(x)
          .dataSync(),
      ]);
      again.forEach((values, i) => values.forEach((value, j) => expect(value).toBeCloseTo(plain[i][j], 6)));
    });
  });

  it('gives zeros to parameters it does not use and passes an input through', () => {
    tf.tidy(() => {
      const w = tf.tensor1d([2, 3]);
      const { grads } = valueAndGrads((p) => tf.sum(recomputed((_, [x]) => x, { u: p.u, w: p.w }, [p.w])), { u: w, w: tf.add(w, 0) }); // prettier-ignore
      expect([[...grads.u.dataSync()], [...grads.w.dataSync()]]).toEqual([
        [0, 0],
        [1, 1],
      ]);
    });
  });

  it('refuses a block without inputs', () => {
    expect(() => recomputed(() => tf.scalar(1), {}, [])).toThrow(/at least one input/);
  });
});

describe.each(['wasm', 'cpu'] as const)('after on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it('is the tensor itself, without a copy, whatever the dependency holds', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2]);
      const dependency = tf.tensor1d([NaN, Infinity]);
      const { numDataBuffers } = tf.memory();
      const y = after(x, dependency);
      expect(tf.memory().numDataBuffers).toBe(numDataBuffers);
      expect([...y.dataSync()]).toEqual([1, 2]);
      x.dispose();
      expect([...y.dataSync()]).toEqual([1, 2]);
    });
  });

  it('passes the gradient to its first argument and zero to the second', () => {
    tf.tidy(() => {
      const [x, d] = tf.grads((a: Tensor, b: Tensor) => tf.square(after(a, tf.mul(b, 2))))([
        tf.tensor1d([3, 4]),
        tf.scalar(5),
      ]);
      expect([[...x.dataSync()], [...d.dataSync()]]).toEqual([[6, 8], [0]]);
    });
  });
});
