import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, tf, useBackend, type Tensor } from '@onestep/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile, exportOnnx } from '../../src/index';
import { lower } from '../../src/lower/lower';
import { optimize } from '../../src/passes/optimize';
import { expectAgreement, randomIntegers, randomTensor, testExecutor } from '../support/agree';
import { find, opsOf, traced } from '../support/graphs';

beforeAll(async () => {
  await useBackend('cpu');
});

const blocked = { channelBlock: 16, maxGatherPositions: 200 };

describe('a barrier in a compiled graph', () => {
  it.each([
    ['float32', () => randomTensor([3, 2], 1)],
    ['int32', () => randomIntegers([4], 2)],
    ['bool', () => tf.greater(randomTensor([2, 2], 3), 0)],
    ['a scalar', () => tf.scalar(3)],
    ['nothing', () => tf.zeros([0])],
    ['NaN', () => tf.scalar(NaN)],
    ['infinity', () => tf.tensor1d([Infinity])],
    ['minus infinity', () => tf.tensor1d([-Infinity])],
  ])('gives the tensor itself after %s', async (_, dependency) => {
    for (const x of [randomTensor([2, 3], 5), tf.scalar(7), randomIntegers([3], 8), randomTensor([0, 2], 9)]) {
      const fn = (a: Tensor, b: Tensor): Tensor => tf.add(after(a, tf.tile(b, b.shape.map(() => 1))), a); // prettier-ignore
      await expectAgreement(fn, [x, dependency()] as const, 0);
    }
  });

  it('gives the tensor itself where shapes live apart from tensors', async () => {
    const x = tf.tensor1d([1, NaN, Infinity]);
    const executor = await testExecutor();
    const elsewhere = { ...executor, target: 'cuda' as const, channelBlock: 0 };
    for (const dependency of [
      tf.scalar(NaN),
      tf.tensor1d([-Infinity, 1]),
      tf.scalar(1, 'int32'),
      tf.scalar(1, 'bool'),
    ]) {
      for (const value of [x, tf.scalar(3), tf.tensor1d([1, 0], 'bool')]) {
        const compiled = await compile((a: Tensor, b: Tensor) => after(a, b), [value, dependency], {
          executor: elsewhere,
        });
        expect([...(await compiled(value, dependency)).dataSync()]).toEqual([...value.dataSync()]);
        await compiled.dispose();
      }
    }
  });

  it('keeps equal computations apart, and is itself shared', () => {
    const graph = optimize(
      traced([[4], [4]], (x, d) => [tf.exp(x), tf.exp(after(x, d)), tf.exp(after(x, d)), tf.exp(after(x, tf.neg(d)))]),
      blocked,
    );
    expect(find(graph, 'exp')).toHaveLength(3);
    expect(find(graph, 'after')).toHaveLength(2);
  });

  it('waits for what made the dependency, not for what only moves it', () => {
    const graph = optimize(
      traced([[4], [2, 3]], (x, d) => after(x, tf.reshape(tf.transpose(tf.exp(d)), [6]))),
      blocked,
    );
    expect(opsOf(graph)).toEqual(['exp', 'after']);
  });

  it('lets a broadcast pass at its own size', () => {
    const graph = optimize(
      traced([[1, 4], [1]], (x, d) => tf.add(after(tf.tile(x, [8, 1]), d), 1)),
      blocked,
    );
    expect(find(graph, 'after').map(({ shape }) => shape)).toEqual([[1, 4]]);
  });

  it('stands between convolutions over channel blocks without a change of layout', () => {
    const convs = (x: Tensor, w: Tensor): Tensor => {
      const h = tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same');
      const late = after(h, tf.conv2d(h, w as tf.Tensor4D, 1, 'same'));
      return tf.conv2d(late, w as tf.Tensor4D, 1, 'same');
    };
    const shapes = [[2, 4, 4, 32], [3, 3, 32, 32]]; // prettier-ignore
    const graph = optimize(traced(shapes, convs), blocked);
    const [barrier] = find(graph, 'after');
    expect(barrier.shape).toEqual([2, 2, 4, 4, 16]);
    expect(barrier.inputs.map(({ op }) => op)).toEqual(['convBlocked', 'convBlocked']);
    // The image on its way in, the result on its way out, the filter.
    expect(find(graph, 'transpose')).toHaveLength(3);
    return expectAgreement(convs, [randomTensor(shapes[0], 1), randomTensor(shapes[1], 2)], 1e-4);
  });

  it('is written as a Reshape in host memory and as a selection elsewhere', async () => {
    const graph = traced([[4], [1]], (x, d) => after(x, d));
    const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);
    expect(text(lower(graph).bytes)).not.toContain('Where');
    expect(text(lower(graph, { onDevice: true }).bytes)).toContain('Where');
    expect(text(await exportOnnx((x: Tensor) => after(x, tf.neg(x)), [tf.zeros([2, 3])]))).toContain('Where');
  });

  it('survives the optimizer of ONNX Runtime: what comes after it is computed again', async () => {
    const ort = await import('onnxruntime-node');
    const folder = await mkdtemp(join(tmpdir(), 'onestep-'));
    const file = join(folder, 'optimized.onnx');
    const graph = traced([[4], [4]], (x, d) => tf.add(tf.exp(x), tf.exp(after(x, tf.neg(d)))));
    const session = await ort.InferenceSession.create(lower(graph).bytes, {
      optimizedModelFilePath: file,
      logSeverityLevel: 3,
    });
    await session.release();
    const optimized = (await readFile(file)).toString('latin1');
    await rm(folder, { recursive: true });
    // Field 4 of an operator is its type.
    expect(optimized.split('\x22\x03Exp')).toHaveLength(3);
    expect(optimized.split('\x22\x07Reshape').length).toBeGreaterThan(1);
  });
});
