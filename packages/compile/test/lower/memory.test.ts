import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recomputed, tf, type Params, type Tensor, type Tensor4D } from '@onestep/tensor';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { sizeOf, type Graph } from '../../src/graph/node';
import { dropUnused } from '../../src/lower/drop-unused';
import { lower } from '../../src/lower/lower';
import { convolutionCosts } from '../../src/passes/convolutions/costs';
import { optimize } from '../../src/passes/optimize';
import { testExecutor } from '../support/agree';
import { traced } from '../support/graphs';

/** Largest number of bytes that ONNX Runtime's allocator had given out after any operator, as its profile says. */
async function peakBytes(graph: Graph): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'onestep-'));
  const session = await ort.InferenceSession.create(lower(graph).bytes, {
    intraOpNumThreads: 1,
    enableMemPattern: false,
    enableProfiling: true,
    profileFilePrefix: join(folder, 'profile'),
  });
  const feeds = graph.inputs.map(({ shape }, i) => {
    const data = Float32Array.from({ length: sizeOf(shape) }, (_, at) => Math.sin(at + i));
    return [`i${i}`, new ort.Tensor('float32', data, shape)] as const;
  });
  await session.run(Object.fromEntries(feeds));
  session.endProfiling();
  await session.release();
  const [file] = await readdir(folder);
  const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as { args?: Record<string, string> }[];
  await rm(folder, { recursive: true });
  return Math.max(...events.map(({ args }) => Number(args?.mem_bytes_in_use ?? 0)));
}

const blocks = 6;
const image = [4, 16, 16, 16];
const imageBytes = 4 * sizeOf(image);

function block({ first, second }: Params, [x]: readonly Tensor[]): Tensor {
  const inner = tf.conv2d(x as Tensor4D, first as Tensor4D, 1, 'same');
  const active = tf.mul(inner, tf.sigmoid(inner));
  return tf.add(x, tf.conv2d(active as Tensor4D, second as Tensor4D, 1, 'same'));
}

/** Gradients of a stack of blocks with respect to all filters. */
async function gradients(run: typeof recomputed): Promise<Graph> {
  const { target, channelBlock } = await testExecutor();
  const filters = Array.from({ length: 2 * blocks }, () => [3, 3, 16, 16]);
  const graph = traced([image, ...filters], (x, ...weights) =>
    tf.grads((...ws: Tensor[]) => {
      let h = x;
      for (let i = 0; i < blocks; i += 1) h = run(block, { first: ws[2 * i], second: ws[2 * i + 1] }, [h]);
      return tf.mean(tf.square(h));
    })(weights),
  );
  return optimize(graph, convolutionCosts(target, channelBlock));
}

describe('memory of a compiled graph', () => {
  it('is less when blocks are recomputed', async () => {
    const plain = await peakBytes(await gradients((fn, params, inputs) => fn(params, inputs)));
    const again = await peakBytes(await gradients(recomputed));
    // One image a block instead of the block's activations.
    expect(again).toBeLessThan(plain - 0.5 * blocks * imageBytes);
  });

  it('is what is needed at one moment, not what every shape needs at its worst', async () => {
    // Phases whose values have different shapes, and every shape comes back: buffers of the first phase that wait for
    // the fourth would not be free in the two between. One phase needs 6 values, three shapes at their worst 15.
    const phase = (x: Tensor, shape: number[]): Tensor => {
      const parts = [1, 2, 3, 4].map((k) => tf.exp(tf.mul(tf.reshape(x, shape), k)));
      const joined = parts.reduce((sum, part) => tf.add(sum, tf.sin(part)));
      return tf.add(joined, tf.mul(parts[0], parts[3]));
    };
    const shapes = [[64, 1024], [128, 512], [1024, 64]]; // prettier-ignore
    const graph = optimize(
      traced([[256, 256]], (x) => [...shapes, ...shapes].reduce(phase, x)),
      convolutionCosts('cpu'),
    );
    expect(await peakBytes(graph)).toBeLessThan(7 * 4 * 256 * 256);
  });
});

describe('dropUnused', () => {
  const operator = (inputs: string[], outputs: string[]) => ({ opType: 'Identity', inputs, outputs, attributes: {} });

  it('keeps what the outputs need, in order, and nothing else', () => {
    const [a, b, c, d] = [
      operator(['i0'], ['a', 'a_1']),
      operator(['a_1'], ['b']),
      operator(['b'], ['c']),
      operator(['a'], ['d']),
    ];
    expect(dropUnused([a, b, c, d], ['d'])).toEqual([a, d]);
    expect(dropUnused([a, b, c, d], ['b'])).toEqual([a, b]);
    expect(dropUnused([a], [])).toEqual([]);
  });
});
