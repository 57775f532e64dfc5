import { countLeaks, tf, useBackend, valueAndGrads, type Tensor } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../src/index';
import { expectClose, testExecutor } from './support/agree';

beforeAll(async () => {
  await useBackend('cpu');
});

describe('compile', () => {
  it('keeps nested records and arrays of tensors on both sides', async () => {
    const fn = ({ a, list }: { a: Tensor; list: Tensor[] }, scale: Tensor) => ({
      sum: tf.add(a, list[0]),
      parts: [list[1], { scaled: tf.mul(scale, a) }],
    });
    const args: Parameters<typeof fn> = [
      { a: tf.tensor1d([1, 2]), list: [tf.tensor1d([3, 4]), tf.scalar(5)] },
      tf.scalar(10),
    ];
    const compiled = await compile(fn, args, { executor: await testExecutor() });
    const { sum, parts } = await compiled(...args);
    expect(Array.from(sum.dataSync())).toEqual([4, 6]);
    expect(Array.from((parts[0] as Tensor).dataSync())).toEqual([5]);
    expect(Array.from((parts[1] as { scaled: Tensor }).scaled.dataSync())).toEqual([10, 20]);
    await compiled.dispose();
  });

  it('traces once per set of input shapes', async () => {
    let traces = 0;
    const fn = (x: Tensor) => {
      traces += 1;
      return tf.square(x);
    };
    const compiled = await compile(fn, [tf.zeros([2])], { executor: await testExecutor() });
    for (const size of [2, 3, 2, 3]) expect((await compiled(tf.ones([size]))).shape).toEqual([size]);
    expect(traces).toBe(2);
    expect(compiled.stats().shapes).toBe(2);
    await compiled.dispose();
  });

  it('bakes arguments in as constants', async () => {
    const fn = (weights: { w: Tensor }, x: Tensor) => tf.mul(weights.w, x);
    const weights = { w: tf.tensor1d([2, 3]) };
    const compiled = await compile(fn, [weights, tf.ones([2])], { executor: await testExecutor(), constants: [0] });
    expect(Array.from((await compiled({ w: tf.tensor1d([100, 100]) }, tf.tensor1d([1, 10]))).dataSync())).toEqual([
      2, 30,
    ]);
    await compiled.dispose();
  });

  it('runs gradients inside, and drops what the result does not need', async () => {
    const fn = (params: Record<string, Tensor>, x: Tensor) =>
      valueAndGrads((p) => tf.mean<tf.Scalar>(tf.square(tf.sub(tf.matMul(x, p.w), p.b))), params).grads;
    const args: Parameters<typeof fn> = [
      { w: tf.randomUniform([3, 2], -1, 1, 'float32', 1), b: tf.tensor1d([0.5, -0.5]) },
      tf.ones([4, 3]),
    ];
    const compiled = await compile(fn, args, { executor: await testExecutor() });
    const wanted = fn(...args);
    const got = await compiled(...args);
    expectClose(got.w.dataSync(), wanted.w.dataSync(), 1e-6);
    expectClose(got.b.dataSync(), wanted.b.dataSync(), 1e-6);
    await compiled.dispose();
  });

  it('returns inputs, constants and one value twice', async () => {
    const compiled = await compile((x: Tensor) => [x, x, tf.scalar(7), tf.clone(x)], [tf.ones([2])], {
      executor: await testExecutor(),
    });
    const results = await compiled(tf.tensor1d([1, 2]));
    expect(results.map((tensor) => Array.from(tensor.dataSync()))).toEqual([[1, 2], [1, 2], [7], [1, 2]]);
    await compiled.dispose();
  });

  it('reports what it costs and shows its graph', async () => {
    const compiled = await compile((x: Tensor) => tf.add(tf.square(x), 1), [tf.ones([2])], {
      executor: await testExecutor(),
    });
    const stats = compiled.stats({ graph: true });
    expect(stats).toMatchObject({ tracedNodes: 4, nodes: 4, shapes: 1, transferBytes: 16 });
    expect(stats.graph).toBe(
      ['$0 = input float32[2]', '%1 = mul($0, $0) float32[2]', '%3 = add(%1, 1) float32[2]', 'return %3'].join('\n'),
    );
    expect(compiled.stats().graph).toBeUndefined();
    expect(compiled.description).toMatch(/^ONNX Runtime 1\.\d+ \(CPU, 1 thread\)$/);
    await compiled.dispose();
  });

  it('leaves no tensors behind but its results', async () => {
    const executor = await testExecutor();
    const { leaked } = await countLeaks(async () => {
      const x = tf.ones([2]);
      const compiled = await compile((y: Tensor) => tf.sum(tf.exp(y)), [x], { executor });
      (await compiled(x)).dispose();
      x.dispose();
      await compiled.dispose();
    });
    expect(leaked).toBe(0);
  });

  it('fails after disposal', async () => {
    const compiled = await compile((x: Tensor) => tf.neg(x), [tf.ones([2])], { executor: await testExecutor() });
    await compiled.dispose();
    await expect(compiled(tf.ones([2]))).rejects.toThrow('was disposed');
  });

  it('writes a model of standard operators that another session runs', async () => {
    const fn = (x: tf.Tensor4D, w: tf.Tensor4D) =>
      tf.matMul(tf.reshape(tf.conv2d(x, w, 1, 'same'), [4, -1]), tf.ones([2, 16]), false, true);
    const args: Parameters<typeof fn> = [tf.ones([1, 4, 4, 1]), tf.ones([3, 3, 1, 4])];
    const executor = await testExecutor();
    const compiled = await compile(fn, args, { executor });
    const session = await executor.open(compiled.toOnnx(), { outputCount: 1 });
    const [value] = await session.run(
      args.map((tensor) => executor.value({ dtype: 'float32', shape: tensor.shape, data: tensor.dataSync() })),
    );
    expectClose(await value.read(), fn(...args).dataSync(), 1e-6);
    await session.dispose();
    await compiled.dispose();
  });
});
